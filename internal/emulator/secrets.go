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
func newKey() string { return traceloop.KeyPrefix + (rand.Text() + rand.Text())[:40] }

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
