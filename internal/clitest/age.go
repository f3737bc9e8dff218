package clitest

import (
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// NewIdentity is one of age, for keys that are sealed.
func NewIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// Decrypt opens what is sealed for the identity.
func Decrypt(text string, identity age.Identity) (string, error) {
	plain, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), identity)
	if err != nil {
		return "", err
	}
	key, err := io.ReadAll(plain)
	return string(key), err
}
