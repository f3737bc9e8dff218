package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// newKey makes a key like Traceloop's: tl_ and 40 random characters.
func newKey() string {
	const (
		base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		length = 40
		// Draw larger bytes again. Otherwise the remainder of the division by 62 would favour the
		// first characters.
		unbiased = 256 - 256%len(base62)
	)
	key := []byte(traceloop.KeyPrefix)
	var b [1]byte
	for len(key) < len(traceloop.KeyPrefix)+length {
		rand.Read(b[:]) // never fails: see crypto/rand
		if int(b[0]) < unbiased {
			key = append(key, base62[int(b[0])%len(base62)])
		}
	}
	return string(key)
}

func hashKey(key string) []byte {
	hash := sha256.Sum256([]byte(key))
	return hash[:]
}

// checkManagementKey refuses a key that cannot be in an Authorization header. Its error never
// contains the key.
func checkManagementKey(key string) error {
	const shortest = 8
	if utf8.RuneCountInString(key) < shortest {
		return fmt.Errorf("the management key is too short: it needs at least %d characters", shortest)
	}
	for _, c := range key {
		if c > unicode.MaxASCII || unicode.IsSpace(c) || unicode.IsControl(c) {
			return errors.New("the management key may contain only visible ASCII characters, and no white space")
		}
	}
	return nil
}

var keyInText = regexp.MustCompile(traceloop.KeyPrefix + "[0-9A-Za-z]+")

// withoutKeys masks keys for logs and pages: a client may send a key instead of its id.
func withoutKeys(text string) string {
	return keyInText.ReplaceAllStringFunc(text, traceloop.MaskKey)
}
