package provider

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

// maxLength limits names and ids, in characters.
const maxLength = 255

var (
	// It accepts the empty string, which the length check refuses: one mistake, one error.
	namePattern       = regexp.MustCompile(`^([^\s\pZ\p{Cc}]([^\p{Cc}]*[^\s\pZ\p{Cc}])?)?$`)
	idPattern         = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	slugPattern       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	slugSource        = regexp.MustCompile(`[A-Za-z0-9]`)
	idMessage         = "must be an id as Traceloop gives it, such as cm9v2g95l0000qz8k5h3d7f1a: letters, digits, \"-\" and \"_\". A name or a slug is not an id"
	slugMessage       = "must be the slug of an environment, not its name, such as prd or eu-production: lower-case letters and digits, with single hyphens between them"
	nameMessage       = "must not be blank, must not begin or end with white space, and must not contain a line break or another control character"
	slugSourceMessage = "must contain an ASCII letter or digit, because the slug is made from them"
	nameValidator     = []validator.String{
		stringvalidator.UTF8LengthBetween(1, maxLength),
		stringvalidator.RegexMatches(namePattern, nameMessage),
	}
	environmentNameValidator = append(nameValidator[:2:2], stringvalidator.RegexMatches(slugSource, slugSourceMessage))
	idValidator              = []validator.String{stringvalidator.RegexMatches(idPattern, idMessage)}
	slugValidator            = []validator.String{
		stringvalidator.UTF8LengthBetween(1, maxLength),
		slugFormValidator{},
	}
)

// parserValidator makes a validator from a parser. Its diagnostics contain the parser's error,
// never the value.
func parserValidator[T any](name string, parse func(string) (T, error)) parseValidator {
	return parseValidator{name: name, summary: "Invalid Provider Configuration", noun: "provider argument", parse: func(s string) error {
		_, err := parse(s)
		return err
	}}
}

// secretParserValidator is parserValidator for a secret. Its diagnostics are not anchored to the
// attribute, because the CLI would print that line of the configuration with the secret.
func secretParserValidator[T any](name string, parse func(string) (T, error)) parseValidator {
	v := parserValidator(name, parse)
	v.secret = true
	return v
}

// existingKeyValidator validates existing_key_wo.
func existingKeyValidator() parseValidator {
	v := secretParserValidator("existing_key_wo", parseFullKey)
	v.summary, v.noun = "Invalid Existing Key", "argument"
	return v
}

// parseFullKey reads an API key. It refuses a masked key, the likeliest mistake.
func parseFullKey(s string) (string, error) {
	key, err := traceloop.ParseKey(s)
	if err == nil && strings.Contains(key, "*") {
		return "", errors.New("it is a masked key. Give the full key, as the application or a secret manager stores it")
	}
	return key, err
}

type parseValidator struct {
	name          string
	summary, noun string
	parse         func(string) error
	secret        bool
}

func (v parseValidator) Description(context.Context) string {
	return "must be a valid " + v.name
}

func (v parseValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v parseValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	err := v.parse(req.ConfigValue.ValueString())
	if err == nil {
		return
	}
	detail := fmt.Sprintf("The %s %q cannot be used: %s. Correct the value, or remove the argument.", v.noun, v.name, err)
	if v.secret || strings.Contains(req.ConfigValue.ValueString(), "@") { // a URL with a password
		resp.Diagnostics.AddError(v.summary, detail)
	} else {
		resp.Diagnostics.AddAttributeError(req.Path, v.summary, detail)
	}
}

// slugFormValidator accepts slugs. If it gets a name, it suggests the slug of that name.
type slugFormValidator struct{}

func (slugFormValidator) Description(context.Context) string { return slugMessage }

func (v slugFormValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (slugFormValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	given := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || given == "" || slugPattern.MatchString(given) {
		return
	}
	detail := fmt.Sprintf("%q is not an environment slug.", maskKeyIn(given))
	if slug := traceloop.Slug(given); slug != "" && !strings.Contains(given, traceloop.KeyPrefix) {
		detail += fmt.Sprintf(" Did you mean %q?", slug)
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Environment Slug", detail+" Attribute "+req.Path.String()+" "+slugMessage+".")
}
