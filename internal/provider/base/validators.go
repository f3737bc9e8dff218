package base

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// MaxLength limits names and ids, in characters.
const MaxLength = 255

// The forms of names, ids and slugs, and the words for what does not have them.
var (
	// It accepts the empty string, which the length check refuses: one mistake, one error.
	namePattern       = regexp.MustCompile(`^([^\s\pZ\p{Cc}]([^\p{Cc}]*[^\s\pZ\p{Cc}])?)?$`)
	IDPattern         = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	SlugPattern       = regexp.MustCompile(`^[a-z0-9_]+(-+[a-z0-9_]+)*$`)
	slugSource        = regexp.MustCompile(`[A-Za-z0-9]`)
	IDMessage         = "must be an id as Traceloop gives it, such as cm9v2g95l0000qz8k5h3d7f1a: letters, digits, \"-\" and \"_\". A name or a slug is not an id"
	SlugMessage       = slugMessage("an environment", "prd or eu-production")
	nameMessage       = "must not be blank, must not begin or end with white space, and must not contain a line break or another control character"
	SlugSourceMessage = "must contain an ASCII letter or digit, because the slug is made from them"
	NameValidator     = []validator.String{
		stringvalidator.UTF8LengthBetween(1, MaxLength),
		stringvalidator.RegexMatches(namePattern, nameMessage),
	}
	EnvironmentNameValidator = append(NameValidator[:2:2], stringvalidator.RegexMatches(slugSource, SlugSourceMessage))
	IDValidator              = []validator.String{stringvalidator.RegexMatches(IDPattern, IDMessage)}
	SlugValidator            = SlugValidatorOf("an environment", "prd or eu-production")
)

// Described is the part of a validator that says what it accepts.
type Described string

// Description says what is accepted.
func (d Described) Description(context.Context) string { return string(d) }

// MarkdownDescription is Description.
func (d Described) MarkdownDescription(context.Context) string { return string(d) }

// ParserValidator makes a validator from a parser. Its diagnostics contain the parser's error,
// never the value.
func ParserValidator[T any](name string, parse func(string) (T, error)) ParseValidator {
	return ParseValidator{Name: name, Summary: "Invalid Provider Configuration", Noun: "provider argument", Parse: func(s string) error {
		_, err := parse(s)
		return err
	}}
}

// SecretParserValidator is ParserValidator for a secret. Its diagnostics are not anchored to the
// attribute, because the CLI would print that line of the configuration with the secret.
func SecretParserValidator[T any](name string, parse func(string) (T, error)) ParseValidator {
	v := ParserValidator(name, parse)
	v.secret = true
	return v
}

// ExistingKeyValidator validates existing_key_wo.
func ExistingKeyValidator() ParseValidator {
	v := SecretParserValidator("existing_key_wo", ParseFullKey)
	v.Summary, v.Noun = "Invalid Existing Key", "argument"
	return v
}

// ParseFullKey reads an API key. It refuses a masked key, the likeliest mistake.
func ParseFullKey(s string) (string, error) {
	key, err := traceloop.ParseKey(s)
	if err == nil && strings.Contains(key, "*") {
		return "", errors.New("it is a masked key. Give the full key, as the application or a secret manager stores it")
	}
	return key, err
}

// ParseValidator accepts what a parser accepts.
type ParseValidator struct {
	Name          string
	Summary, Noun string
	Parse         func(string) error
	secret        bool
}

// Description says what is accepted.
func (v ParseValidator) Description(context.Context) string {
	return "must be a valid " + v.Name
}

// MarkdownDescription is Description.
func (v ParseValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

// ValidateString refuses what the parser refuses.
func (v ParseValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	err := v.Parse(req.ConfigValue.ValueString())
	if err == nil {
		return
	}
	detail := fmt.Sprintf("The %s %q cannot be used: %s. Correct the value, or remove the argument.", v.Noun, v.Name, err)
	if given := req.ConfigValue.ValueString(); v.secret || strings.Contains(given, "@") || traceloop.MaskKeyIn(given) != given { // a URL with a password, or a key
		resp.Diagnostics.AddError(v.Summary, detail)
	} else {
		resp.Diagnostics.AddAttributeError(req.Path, v.Summary, detail)
	}
}

// SlugValidatorOf is the validator of the slug of a kind of object, which has its article.
func SlugValidatorOf(kind, examples string) []validator.String {
	return []validator.String{stringvalidator.UTF8LengthBetween(1, MaxLength), slugFormValidator{Described(slugMessage(kind, examples)), kind}}
}

func slugMessage(kind, examples string) string {
	return fmt.Sprintf("must be the slug of %s, not its name, such as %s: lower-case letters, digits and underscores, with hyphens between them", kind, examples)
}

// slugFormValidator accepts slugs. If it gets a name, it suggests the slug of that name.
type slugFormValidator struct {
	Described

	kind string
}

func (v slugFormValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	given := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || given == "" || SlugPattern.MatchString(given) && !strings.HasPrefix(given, traceloop.KeyPrefix) {
		return
	}
	detail := fmt.Sprintf("%q is not %s slug.", given, v.kind)
	if slug := traceloop.Slug(given); slug != "" && traceloop.MaskKeyIn(given) == given {
		detail += fmt.Sprintf(" Did you mean %q?", slug)
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Slug", detail+" Attribute "+req.Path.String()+" "+string(v.Described)+".")
}
