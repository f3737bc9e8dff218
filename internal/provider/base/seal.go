package base

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// maxSealed limits how much of a ciphertext is read, in bytes. A sealed key takes about 500
// bytes, and 200 for each further recipient.
const maxSealed = 1 << 20

// ParseRecipient reads a public key: age X25519, ssh-ed25519 or ssh-rsa.
func ParseRecipient(s string) (age.Recipient, error) {
	s = strings.TrimSpace(s)
	switch {
	case strings.Contains(s, "AGE-SECRET-KEY-"), strings.Contains(s, "PRIVATE KEY"):
		return nil, errors.New("it is a private key. Give the public key that belongs to it, and remove the private key from the configuration")
	case strings.ContainsAny(s, "\r\n"):
		return nil, errors.New(`it has more than one line, and each recipient has one. For a file with one public key on each line, write: compact(split("\n", file("recipients.txt")))`)
	case strings.HasPrefix(s, "ssh-"):
		recipient, err := agessh.ParseRecipient(s)
		if err != nil {
			return nil, errors.New("it is not a well-formed ssh-ed25519 or ssh-rsa public key")
		}
		return sealable(recipient)
	}
	recipient, err := age.ParseX25519Recipient(s)
	if err != nil {
		return nil, errors.New("it is neither an age X25519 public key (age1…) nor an ssh-ed25519 or ssh-rsa public key")
	}
	return sealable(recipient)
}

// CanonicalRecipient removes white space and the comment of an SSH key.
func CanonicalRecipient(s string) string {
	fields := strings.Fields(s)
	if len(fields) > 1 && strings.HasPrefix(fields[0], "ssh-") {
		fields = fields[:2]
	}
	return strings.Join(fields, " ")
}

// sealable refuses a well-formed key that cannot be encrypted to, such as a point of low order.
// Otherwise sealing would fail after the API key was generated.
func sealable(recipient age.Recipient) (age.Recipient, error) {
	if _, err := age.Encrypt(io.Discard, recipient); err != nil {
		return nil, errors.New("age cannot encrypt to it")
	}
	return recipient, nil
}

// ParseIdentity reads a private key: age X25519, or SSH without a passphrase. Its errors never
// contain a part of the key.
func ParseIdentity(s string) ([]age.Identity, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return nil, errors.New("it is empty")
	case strings.HasPrefix(s, "-----BEGIN"):
		identity, err := agessh.ParseIdentity([]byte(s + "\n"))
		if err != nil {
			return nil, errors.New("it is not an ssh-ed25519 or ssh-rsa private key, or a passphrase protects it, which the provider cannot ask for")
		}
		return []age.Identity{identity}, nil
	}
	identities, err := age.ParseIdentities(strings.NewReader(s))
	if err != nil {
		return nil, errors.New("it is not an age identity (AGE-SECRET-KEY-1…) or an SSH private key")
	}
	return identities, nil
}

// Seal encrypts a key to all recipients, as an armored age file.
func Seal(key string, recipients []string) (string, error) {
	parsed := make([]age.Recipient, len(recipients))
	for i, recipient := range recipients {
		var err error
		if parsed[i], err = ParseRecipient(recipient); err != nil {
			return "", err
		}
	}

	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	plain, err := age.Encrypt(armored, parsed...)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(plain, key); err != nil {
		return "", err
	}
	if err := errors.Join(plain.Close(), armored.Close()); err != nil {
		return "", err
	}
	return out.String(), nil
}

var (
	errDamaged  = errors.New("the ciphertext is damaged, or is not an armored age file")
	errNotForUs = errors.New("the identity belongs to none of the recipients")
)

// Open decrypts what Seal encrypted. Its errors never contain a part of its arguments.
func Open(sealed string, identities []age.Identity) (string, error) {
	plain, err := age.Decrypt(armor.NewReader(strings.NewReader(sealed)), identities...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return "", errNotForUs
	}
	if err != nil {
		return "", errDamaged
	}
	key, err := io.ReadAll(io.LimitReader(plain, maxSealed))
	if err != nil {
		return "", errDamaged
	}
	return string(key), nil
}

// RecipientsValidator accepts the public keys that a key can be sealed to.
var RecipientsValidator = []validator.Set{recipientsValidator{"must be age X25519, ssh-ed25519 or ssh-rsa public keys, at least one"}}

type recipientsValidator struct{ Described }

// ValidateSet refuses a set that nothing can be sealed to.
func (recipientsValidator) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	if problem := RecipientsProblem(ctx, req.ConfigValue); problem != "" {
		// Not anchored: the CLI would print the line, which may contain a private key.
		resp.Diagnostics.AddError("Invalid Recipient", problem+" Create a key pair with age-keygen, and give its public key.")
	}
}

// RecipientsProblem says what is wrong with a set of recipients, or nothing. It ignores what is not
// known yet. A set has no order, so it counts a recipient in alphabetical order.
func RecipientsProblem(ctx context.Context, recipients types.Set) string {
	if recipients.IsNull() || recipients.IsUnknown() {
		return ""
	}
	var elements []types.String
	if diags := recipients.ElementsAs(ctx, &elements, false); diags.HasError() {
		return diags[0].Detail()
	}
	if len(elements) == 0 {
		return "age_recipients is empty. Give at least one public key, or remove the argument."
	}
	slices.SortFunc(elements, func(a, b types.String) int { return strings.Compare(a.ValueString(), b.ValueString()) })
	for i, element := range elements {
		if element.IsUnknown() {
			continue
		}
		err := errors.New("it is null")
		if !element.IsNull() {
			_, err = ParseRecipient(element.ValueString())
		}
		if err != nil {
			which := "The one element"
			if len(elements) > 1 {
				which = fmt.Sprintf("Number %d of the %d elements (in alphabetical order)", i+1, len(elements))
			}
			return fmt.Sprintf("%s of age_recipients cannot be used: %s.", which, err)
		}
	}
	return ""
}
