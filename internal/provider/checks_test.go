package provider_test

import (
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
)

func newIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func recipient(t *testing.T) string {
	t.Helper()
	return newIdentity(t).Recipient().String()
}

func decrypt(text string, identity age.Identity) (string, error) {
	plain, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), identity)
	if err != nil {
		return "", err
	}
	key, err := io.ReadAll(plain)
	return string(key), err
}
