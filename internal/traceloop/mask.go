package traceloop

import "strings"

const (
	// KeyPrefix begins every API key. Source: Traceloop's public repository
	// tenant-evals-integration.
	KeyPrefix = "tl_"

	maskTail = 4
)

// MaskKey returns the form of a key that is safe to show: everything between its
// prefix and its last 4 characters is starred, so the length stays. A key too short
// to keep at least as much hidden as shown is starred whole.
func MaskKey(key string) string {
	secret := strings.TrimPrefix(key, KeyPrefix)
	prefix := key[:len(key)-len(secret)]
	tail := ""
	if len(secret) >= 2*maskTail {
		tail = secret[len(secret)-maskTail:]
	}
	return prefix + strings.Repeat("*", len(secret)-len(tail)) + tail
}
