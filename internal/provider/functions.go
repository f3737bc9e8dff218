package provider

import (
	"context"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// stringFunction is a pure function from one string to another, which needs no
// configured provider. Its errors never repeat the argument, which may be a key.
type stringFunction struct {
	name, summary, description string
	parameter, about           string
	call                       func(string) (string, *function.FuncError)
}

func (f stringFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f stringFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             f.summary,
		MarkdownDescription: f.description,
		Parameters:          []function.Parameter{function.StringParameter{Name: f.parameter, MarkdownDescription: f.about}},
		Return:              function.StringReturn{},
	}
}

func (f stringFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var argument string
	if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
		return
	}
	result, err := f.call(argument)
	if err != nil {
		resp.Error = err
		return
	}
	resp.Error = resp.Result.Set(ctx, result)
}

func newMaskKeyFunction() function.Function {
	return stringFunction{
		name:    "mask_key",
		summary: "The masked form of an API key",
		description: "Returns an API key with everything between its prefix and its last 4 characters starred, as Traceloop shows it in `masked_key`. " +
			"Comparing the two answers whether a key belongs to a project and environment. The result of a sensitive key is sensitive too; `nonsensitive` is safe on it. It is an error when there is no key that can be masked.",
		parameter: "key",
		about:     "The full API key; white space around it is dropped.",
		call: func(key string) (string, *function.FuncError) {
			key, err := keyArgument(key)
			if err != nil {
				return "", err
			}
			return traceloop.MaskKey(key), nil
		},
	}
}

func newOTLPHeadersFunction() function.Function {
	return stringFunction{
		name:    "otlp_headers",
		summary: "The value of OTEL_EXPORTER_OTLP_HEADERS for an API key",
		description: "Returns what `OTEL_EXPORTER_OTLP_HEADERS` has to hold for an OpenTelemetry exporter to send traces with an API key: `Authorization=Bearer%20…`, percent-encoded as the OpenTelemetry specification asks for. " +
			"It holds the key, so the result of a sensitive key is sensitive too.",
		parameter: "key",
		about:     "The full API key; white space around it is dropped.",
		call: func(key string) (string, *function.FuncError) {
			key, err := keyArgument(key)
			if err != nil {
				return "", err
			}
			// A space is %20: some decoders take "+" for one, and some do not.
			return "Authorization=" + strings.ReplaceAll(url.QueryEscape("Bearer "+key), "+", "%20"), nil
		},
	}
}

func newEnvironmentSlugFunction() function.Function {
	return stringFunction{
		name:        "environment_slug",
		summary:     "The slug of an environment's name",
		description: "Returns the slug that Traceloop makes from the name of an environment: `EU Production` becomes `eu-production`. ASCII letters in lower case and digits stay; every run of anything else between them becomes one hyphen. It is an error when nothing stays.",
		parameter:   "name",
		about:       "The name of the environment, 1 to 255 characters.",
		call: func(name string) (string, *function.FuncError) {
			slug := traceloop.Slug(name)
			switch {
			case slug == "":
				return "", function.NewArgumentFuncError(0, "The name "+slugSourceMessage)
			case utf8.RuneCountInString(name) > maxLength:
				return "", function.NewArgumentFuncError(0, "The name must be at most 255 characters long")
			}
			return slug, nil
		},
	}
}

// keyArgument reads an argument that has to be a full API key.
func keyArgument(argument string) (string, *function.FuncError) {
	key, err := parseFullKey(argument)
	if err != nil {
		return "", function.NewArgumentFuncError(0, "The key cannot be used: "+err.Error())
	}
	return key, nil
}
