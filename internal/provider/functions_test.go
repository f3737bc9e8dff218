package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

func TestAccFunctions(t *testing.T) {
	t.Parallel()
	needs(t, functions)
	var calls []string
	results := map[string]knownvalue.Check{}
	for name, test := range map[string]struct{ call, want string }{
		"mask_key":                        {`mask_key("tl_abcdefghWx3k\n")`, "tl_********Wx3k"},
		"mask_key, other prefix":          {`mask_key("abcdefghWx3k")`, "********Wx3k"},
		"environment_slug":                {`environment_slug("EU Production")`, "eu-production"},
		"environment_slug, around":        {`environment_slug("--Größe 2!")`, "gr-e-2"},
		"otlp_headers":                    {`otlp_headers("tl_abcdefghWx3k")`, "Authorization=Bearer%20tl_abcdefghWx3k"},
		"otlp_headers, with a separator":  {`otlp_headers("tl_ab,c=d;e%f+g")`, "Authorization=Bearer%20tl_ab%2Cc%3Dd%3Be%25f%2Bg"},
		"otlp_headers, with a line break": {`otlp_headers(" tl_abcdefghWx3k\n")`, "Authorization=Bearer%20tl_abcdefghWx3k"},
	} {
		calls = append(calls, fmt.Sprintf("    %q = provider::traceloop::%s\n", name, test.call))
		results[name] = knownvalue.StringExact(test.want)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config:            "output \"results\" {\n  value = {\n" + strings.Join(calls, "") + "  }\n}\n",
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("results", knownvalue.MapExact(results))},
		}},
	})
}

func TestAccFunctions_refused(t *testing.T) {
	t.Parallel()
	needs(t, functions)
	for name, test := range map[string]struct {
		call    string
		phrases []string
	}{
		"empty key":            {`mask_key("")`, []string{"The key cannot be used", "it is empty"}},
		"key in two parts":     {`mask_key("tl_secret part")`, []string{"The key cannot be used", "white space"}},
		"masked key":           {`otlp_headers("tl_****Wx3k")`, []string{"masked key", "full key"}},
		"nothing left of it":   {`environment_slug("日本")`, []string{"ASCII letter or digit"}},
		"too long for a name":  {`environment_slug(join("", [for i in range(256) : "x"]))`, []string{"255 characters"}},
		"null key to mask":     {`mask_key(null)`, []string{"The key is null", "age_recipients", "existing_key_wo"}},
		"null key to send":     {`otlp_headers(null)`, []string{"The key is null", "encrypted_key", "import"}},
		"null name":            {`environment_slug(null)`, []string{"The name is null"}},
		"nothing to make from": {`environment_slug("")`, []string{"ASCII letter or digit"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := bareCLI(t)
			c.write(fmt.Sprintf("output \"result\" {\n  value = provider::traceloop::%s\n}\n", test.call))
			c.fails("plan", test.phrases...)
		})
	}
}
