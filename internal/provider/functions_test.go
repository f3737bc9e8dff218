package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// What the CLI makes of functions is in the tests of examples and modules.
func TestFunctions(t *testing.T) {
	t.Parallel()
	d := newDriver(t, emulatortest.Start(t), anHourAgo)
	for _, test := range []struct {
		function string
		argument any
		want     string
	}{
		{"mask_key", "tl_abcdefghWx3k\n", "tl_********Wx3k"},
		{"mask_key", "abcdefghWx3k", "********Wx3k"}, // another prefix
		{"environment_slug", "EU Production", "eu-production"},
		{"environment_slug", "--Größe 2!", "gr-e-2"},
		{"otlp_headers", "tl_abcdefghWx3k", "Authorization=Bearer%20tl_abcdefghWx3k"},
		{"otlp_headers", "tl_ab,c=d;e%f+g", "Authorization=Bearer%20tl_ab%2Cc%3Dd%3Be%25f%2Bg"},
		{"otlp_headers", " tl_abcdefghWx3k\n", "Authorization=Bearer%20tl_abcdefghWx3k"},
	} {
		got := d.calls(test.function, test.argument)
		if got.Error != nil {
			t.Errorf("%s(%q): %s", test.function, test.argument, got.Error.Text)
		} else if value := d.value(tftypes.String, got.Result); !value.Equal(tftypes.NewValue(tftypes.String, test.want)) {
			t.Errorf("%s(%q) is %s, want %q", test.function, test.argument, value, test.want)
		}
	}
	for _, test := range []struct {
		function string
		argument any
		phrases  []string
	}{
		{"mask_key", "", []string{"The key cannot be used", "it is empty"}},
		{"mask_key", "tl_secret part", []string{"The key cannot be used", "white space"}},
		{"otlp_headers", "tl_****Wx3k", []string{"masked key", "full key"}},
		{"environment_slug", "日本", []string{"ASCII letter or digit"}},
		{"environment_slug", strings.Repeat("x", 256), []string{"255 characters"}},
		{"mask_key", nil, []string{"The key is null", "age_recipients", "existing_key_wo"}},
		{"otlp_headers", nil, []string{"The key is null", "encrypted_key", "import"}},
		{"environment_slug", nil, []string{"The name is null"}},
		{"environment_slug", "", []string{"ASCII letter or digit"}},
	} {
		if got := d.calls(test.function, test.argument).Error; got == nil {
			t.Errorf("%s(%q) succeeds, want an error that says %q", test.function, test.argument, test.phrases)
		} else {
			shows(t, got.Text, test.phrases...)
			hides(t, got.Text, "tl_secret")
		}
	}
}

// calls calls a function of one string.
func (d *driver) calls(function string, argument any) *tfprotov6.CallFunctionResponse {
	d.t.Helper()
	value := d.dynamic(tftypes.String, tftypes.NewValue(tftypes.String, argument))
	return ask(d.t.Context(), d.t, d.server.CallFunction, &tfprotov6.CallFunctionRequest{Name: function, Arguments: []*tfprotov6.DynamicValue{value}})
}
