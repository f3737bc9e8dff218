package traceloop

import (
	"strings"
	"unicode/utf8"
)

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

// hidden are the characters that stand for hidden ones in a mask.
const hidden = "*•●·.…"

// MaskMatches compares the visible beginning and end of a mask with a key. Nothing follows from the
// number of hidden characters: Traceloop's dashboard shows 13 stars for a key of any length. If the mask
// shows fewer than 4 characters of the secret, provable is false, and matches says only that nothing
// speaks against it.
func MaskMatches(mask, key string) (matches, provable bool) {
	head, tail := mask, ""
	if i := strings.IndexAny(mask, hidden); i >= 0 {
		j := strings.LastIndexAny(mask, hidden)
		_, size := utf8.DecodeRuneInString(mask[j:])
		head, tail = mask[:i], mask[j+size:]
	} else if !strings.HasPrefix(key, mask) {
		head, tail = "", mask
	}
	rest, found := strings.CutPrefix(key, head)
	matches = found && strings.HasSuffix(rest, tail)
	secret := head[strings.LastIndex(head, "_")+1:]
	return matches, len(secret)+len(tail) >= maskTail
}
