package traceloop

import "strings"

const (
	// KeyPrefix is the prefix of every API key. Source: Traceloop's public repository
	// tenant-evals-integration.
	KeyPrefix = "tl_"

	maskTail = 4
)

// MaskKey returns a form of a key that is safe to show: stars replace everything between its prefix
// and its last 4 characters. In a short key, they replace the last characters too.
func MaskKey(key string) string {
	secret := strings.TrimPrefix(key, KeyPrefix)
	prefix := key[:len(key)-len(secret)]
	tail := ""
	if len(secret) >= 2*maskTail {
		tail = secret[len(secret)-maskTail:]
	}
	return prefix + strings.Repeat("*", len(secret)-len(tail)) + tail
}
