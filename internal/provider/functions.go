package provider

import (
	"context"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// stringFunction is a pure function from a string to a string. Its errors never repeat the
// argument, which may be a key.
type stringFunction struct {
	name, summary, description string
	parameter, about           string
	ifNull                     string // says what a null argument means
	call                       func(string) (string, *function.FuncError)
}

func (f stringFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f stringFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             f.summary,
		MarkdownDescription: f.description,
		Parameters:          []function.Parameter{function.StringParameter{Name: f.parameter, MarkdownDescription: f.about, AllowNullValue: true}},
		Return:              function.StringReturn{},
	}
}

func (f stringFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var argument types.String
	if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
		return
	}
	if argument.IsNull() {
		resp.Error = function.NewArgumentFuncError(0, f.ifNull)
		return
	}
	result, err := f.call(argument.ValueString())
	if err != nil {
		resp.Error = err
		return
	}
	resp.Error = resp.Result.Set(ctx, result)
}

// keyFunction is a function of a full API key.
func keyFunction(name, summary, description string, call func(key string) string) function.Function {
	return stringFunction{
		name: name, summary: summary, description: description,
		parameter: "key",
		about:     "The full API key. White space around it is dropped.",
		ifNull: "The key is null. The attribute \"key\" of a traceloop_api_key is null if age_recipients seals the key: open encrypted_key with the ephemeral resource traceloop_api_key. " +
			"It is also null after an import without existing_key_wo: set that argument to the full key, and apply",
		call: func(argument string) (string, *function.FuncError) {
			key, err := base.ParseFullKey(argument)
			if err != nil {
				return "", function.NewArgumentFuncError(0, "The key cannot be used: "+err.Error())
			}
			return call(key), nil
		},
	}
}

func newMaskKeyFunction() function.Function {
	return keyFunction("mask_key", "The masked form of an API key",
		"Returns an API key with stars between its prefix and its last 4 characters, as Traceloop shows it in `masked_key`. "+
			"Compare the two to check whether a key belongs to a project and environment. The result for a sensitive key is sensitive too; `nonsensitive` is safe on it. A key that is null, empty, malformed or already masked is an error.",
		traceloop.MaskKey)
}

func newOTLPHeadersFunction() function.Function {
	return keyFunction("otlp_headers", "The value of OTEL_EXPORTER_OTLP_HEADERS for an API key",
		"Returns the value of `OTEL_EXPORTER_OTLP_HEADERS` for an OpenTelemetry exporter that sends traces with an API key: `Authorization=Bearer%20…`. The OpenTelemetry specification requires the percent-encoding. "+
			"The result contains the key, so the result for a sensitive key is sensitive too.",
		func(key string) string {
			// A space must be %20: not every decoder reads "+" as a space.
			return "Authorization=" + strings.ReplaceAll(url.QueryEscape("Bearer "+key), "+", "%20")
		})
}

func newEnvironmentSlugFunction() function.Function {
	return stringFunction{
		name:        "environment_slug",
		summary:     "The slug of an environment's name",
		description: "Returns the slug that Traceloop makes from the name of an environment: `EU Production` becomes `eu-production`. ASCII letters become lower case, and digits stay. Each run of other characters between them becomes one hyphen. A name without ASCII letters and digits is an error.",
		parameter:   "name",
		about:       "The name of the environment, 1 to 255 characters.",
		ifNull:      "The name is null. Give the name of an environment",
		call: func(name string) (string, *function.FuncError) {
			slug := traceloop.Slug(name)
			switch {
			case slug == "":
				return "", function.NewArgumentFuncError(0, "The name "+base.SlugSourceMessage)
			case utf8.RuneCountInString(name) > base.MaxLength:
				return "", function.NewArgumentFuncError(0, "The name must be at most 255 characters long")
			}
			return slug, nil
		},
	}
}
