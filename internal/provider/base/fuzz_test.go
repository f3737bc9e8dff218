package base

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Fuzzing of what the provider parses by itself. See FuzzImport for import ids.

// A pair of a throw-away identity and what is sealed to it, for seeds that stay the same.
const (
	fuzzIdentity = "AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU"
	fuzzSSH      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN fuzz"

	// lowOrder is well-formed, and nothing can be sealed to it.
	lowOrder = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// texts are all errors that a parser has, one for each of these values: none depends on more
// of the value than its kind.
func texts[T any](parse func(string) (T, error), values ...string) map[string]bool {
	all := map[string]bool{}
	for _, value := range values {
		if _, err := parse(value); err != nil {
			all[err.Error()] = true
		}
	}
	return all
}

func FuzzOpen(f *testing.F) {
	identities, err := ParseIdentity(fuzzIdentity)
	if err != nil {
		f.Fatal(err)
	}
	recipient := identities[0].(*age.X25519Identity).Recipient().String()
	const key = "tl_0123456789012345678901234567890123456789"
	for _, recipients := range [][]string{{recipient}, {fuzzSSH}, {recipient, fuzzSSH}} {
		sealed, err := Seal(key, recipients)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sealed)
		f.Add(sealed[:len(sealed)/2])
		f.Add(strings.ReplaceAll(sealed, "\n", "\r\n"))
		f.Add(sealed + sealed)
	}
	f.Add("")
	f.Add("-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----\n")
	f.Fuzz(func(t *testing.T, sealed string) {
		opened, err := Open(sealed, identities)
		switch {
		case err == nil && opened != key:
			t.Errorf("%q opens to %q", sealed, opened)
		case err != nil && opened != "":
			t.Errorf("%q opens to %q in spite of %v", sealed, opened, err)
		case err != nil && !errors.Is(err, errDamaged) && !errors.Is(err, errNotForUs):
			t.Errorf("an error of unknown content: %v", err)
		}
	})
}

func FuzzParseIdentity(f *testing.F) {
	for _, s := range []string{
		fuzzIdentity, strings.ToLower(fuzzIdentity), fuzzIdentity[:40], "# created: today\n" + fuzzIdentity + "\n", fuzzIdentity + "\n" + fuzzIdentity, "", "\n", fuzzSSH,
		"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----",
		"-----BEGIN", "AGE-PLUGIN-YUBIKEY-1QQQQ", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", strings.Repeat("\x00", 100),
	} {
		f.Add(s)
	}
	known := texts(ParseIdentity, "", "x", "-----BEGIN")
	f.Fuzz(func(t *testing.T, s string) {
		identities, err := ParseIdentity(s)
		if (err == nil) != (len(identities) > 0) {
			t.Errorf("%d identities: %v", len(identities), err)
		}
		if err != nil && !known[err.Error()] {
			t.Errorf("the error may show the identity: %v", err)
		}
	})
}

func FuzzParseRecipient(f *testing.F) {
	for _, s := range []string{
		"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "AGE1QL3Z7HJY54PW3HYWW5AYYFG7ZQGVC7W3J2ELW8ZMRJ2KG5SFN9AQMCAC8P", fuzzSSH, fuzzIdentity, "ssh-rsa AAAA", "ssh-", "ssh-dss AAAA x", "", "age1",
		"-----BEGIN OPENSSH PRIVATE KEY-----", fuzzSSH + "\n" + fuzzSSH, " " + fuzzSSH, lowOrder,
	} {
		f.Add(s)
	}
	known := texts(ParseRecipient, "x", "ssh-", "AGE-SECRET-KEY-", lowOrder, "x\ny")
	f.Fuzz(func(t *testing.T, s string) {
		recipient, err := ParseRecipient(s)
		if (err == nil) != (recipient != nil) {
			t.Errorf("%v, %v", recipient, err)
		}
		if err != nil {
			if !known[err.Error()] {
				t.Errorf("the error may show what was given, which may be a private key: %v", err)
			}
			return
		}
		// What is accepted before a key is generated can be sealed to afterwards.
		if sealed, err := Seal("key", []string{s}); err != nil || strings.Contains(sealed, "key\n") {
			t.Errorf("%q is accepted, and cannot be sealed to: %v", s, err)
		}
	})
}

// FuzzNames: the validators let through what the service can take, and the slug that they
// promise is one that a key can name.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"EU Production", "prd", " x", "x ", "", "\t", "a\nb", "Zürich", "東京", "\u00a0x", "x\u2028", "\xff", "a\x00", "…", "x", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		slug := traceloop.Slug(name)
		if slugSource.MatchString(name) != (slug != "") {
			t.Errorf("%q is accepted: %t; its slug is %q", name, slugSource.MatchString(name), slug)
		}
		if slug != "" && !SlugPattern.MatchString(slug) {
			t.Errorf("the slug %q of %q is refused for a key", slug, name)
		}
		if namePattern.MatchString(name) && name != strings.TrimSpace(name) {
			t.Errorf("%q is accepted with white space around it", name)
		}
		if IDPattern.MatchString(name) && slices.Contains([]string{".", ".."}, name) {
			t.Errorf("%q is accepted for an id", name)
		}
	})
}
