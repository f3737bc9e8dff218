package provider_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// validation asks the provider to validate a configuration.
type validation struct {
	what     string
	schema   *tfprotov6.Schema
	validate func(*tfprotov6.DynamicValue) []*tfprotov6.Diagnostic
}

// validations are those of the provider block and of every object.
func validations(t *testing.T, d *driver) []validation {
	t.Helper()
	schemas := d.schema()
	all := []validation{{"provider", schemas.Provider, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
		return ask(t.Context(), t, d.server.ValidateProviderConfig, &tfprotov6.ValidateProviderConfigRequest{Config: config}).Diagnostics
	}}}
	for kind, schema := range schemas.ResourceSchemas {
		all = append(all, validation{"resource " + kind, schema, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
			return ask(t.Context(), t, d.server.ValidateResourceConfig, &tfprotov6.ValidateResourceConfigRequest{
				TypeName: kind, Config: config, ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
			}).Diagnostics
		}})
	}
	for kind, schema := range schemas.DataSourceSchemas {
		all = append(all, validation{"data source " + kind, schema, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
			return ask(t.Context(), t, d.server.ValidateDataResourceConfig, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: kind, Config: config}).Diagnostics
		}})
	}
	for kind, schema := range schemas.EphemeralResourceSchemas {
		all = append(all, validation{"ephemeral resource " + kind, schema, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
			return ask(t.Context(), t, d.server.ValidateEphemeralResourceConfig, &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: kind, Config: config}).Diagnostics
		}})
	}
	for kind, schema := range schemas.ListResourceSchemas {
		all = append(all, validation{"list resource " + kind, schema, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
			return ask(t.Context(), t, d.extended().ValidateListResourceConfig, &tfprotov6.ValidateListResourceConfigRequest{TypeName: kind, Config: config}).Diagnostics
		}})
	}
	for kind, schema := range schemas.ActionSchemas {
		all = append(all, validation{"action " + kind, schema.Schema, func(config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
			return ask(t.Context(), t, d.extended().ValidateActionConfig, &tfprotov6.ValidateActionConfigRequest{ActionType: kind, Config: config}).Diagnostics
		}})
	}
	return all
}

// settable returns the arguments of a type.
func settable(schema *tfprotov6.Schema, typ tftypes.Type) (names []string) {
	for _, attribute := range schema.Block.Attributes {
		if (attribute.Optional || attribute.Required) && typ.Is(attribute.Type) {
			names = append(names, attribute.Name)
		}
	}
	return names
}

// A fraction, or a number that no computer counts to, is no error of the provider.
func TestNumbers(t *testing.T) {
	t.Parallel()
	d := newDriver(t, emulatortest.Start(t), time.Now)
	decimals := []string{"temperature", "top_p", "frequency_penalty", "presence_penalty"} // all others are whole
	var asked []string
	for _, v := range validations(t, d) {
		for _, name := range settable(v.schema, tftypes.Number) {
			asked = append(asked, v.what+" "+name)
			wrong, right, want := []string{"30.4166", "-1", "1e400", "-1e400", "5.00000000000001"}, []string{"5", "5.000"}, "must be a whole number from "
			if slices.Contains(decimals, name) {
				wrong, right, want = []string{"1e400", "-1e400", "1e-400"}, []string{"0", "-0.5", "1e308", "0.1000000000000000055511151231257827021181583404541015625"}, "must be 0, or a number from "
			}
			for _, digits := range append(wrong, right...) {
				typ := v.schema.ValueType()
				diags := v.validate(d.dynamic(typ, d.object(typ, arguments{name: inHCL(t, digits)})))
				says := slices.ContainsFunc(diags, func(diag *tfprotov6.Diagnostic) bool {
					return strings.Contains(diag.Detail, name) && strings.Contains(diag.Detail, want) && !strings.HasSuffix(diag.Detail, "It is 5.")
				})
				if says != slices.Contains(wrong, digits) {
					t.Errorf("%s: %s = %s: %v", v.what, name, digits, failure(diags))
				}
				if err := failure(diags); err != nil && (strings.Contains(err.Error(), "error in the provider") || strings.Contains(err.Error(), "Validation Error")) {
					t.Errorf("%s: %s = %s: %v", v.what, name, digits, err)
				}
			}
		}
	}
	for _, want := range []string{
		"provider max_retries", "resource traceloop_api_key rotate_after_days", "resource traceloop_organization retention_hours", "resource traceloop_evaluator max_tokens",
		"resource traceloop_evaluator temperature", "data source traceloop_api_keys min_age_days", "list resource traceloop_api_key min_age_days",
	} {
		if !slices.Contains(asked, want) {
			t.Errorf("%s was not asked; there were %q", want, asked)
		}
	}
}

// misplaced are keys where a name, a slug or an id belongs.
var misplaced = []string{"tl_misplaced0123456789abcdefghijklmnopqrst", strings.Repeat("0a1b2c3d4e5f6789", 6)}

// A key in the place of any other value is in no message, and the CLI prints no line with it.
func TestNoMessageShowsAKey(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders").ID
	settings := arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": projectKey(server, "prd")}
	messages := 0
	for _, key := range misplaced {
		hidden := func(what string, diags []*tfprotov6.Diagnostic, err error) {
			if err != nil {
				diags = append(diags, &tfprotov6.Diagnostic{Detail: err.Error()})
			}
			for _, diag := range diags {
				text := diag.Summary + ": " + diag.Detail
				for form := range written(key) {
					if strings.Contains(text, form) {
						t.Errorf("%s: a message shows the key: %s", what, text)
					}
				}
				if strings.Contains(text, key[len(key)-4:]) {
					messages++
					if diag.Attribute != nil {
						t.Errorf("%s: the CLI would print the line that has the key: %s", what, text)
					}
				}
			}
		}
		d := newDriverWith(t, time.Now, settings)
		for _, v := range validations(t, d) {
			typ := v.schema.ValueType()
			for _, name := range settable(v.schema, tftypes.String) {
				diags := v.validate(d.dynamic(typ, d.object(typ, arguments{name: key})))
				hidden(v.what+" "+name, diags, nil)
				for _, diag := range diags { // one about two arguments says nothing of their values
					if diag.Summary != "Invalid Attribute Combination" && diag.Attribute.Equal(tftypes.NewAttributePath().WithAttributeName(name)) {
						t.Errorf("%s: the CLI would print the line of %s: %s: %s", v.what, name, diag.Summary, diag.Detail)
					}
				}
			}
		}
		for kind, configs := range map[string][]arguments{
			"traceloop_project":            {{"id": key}, {"name": key}, {"slug": key}},
			"traceloop_environment":        {{"id": key}, {"name": key}, {"project_id": key, "slug": "prd"}, {"project_id": project, "name": key}},
			"traceloop_environments":       {{"project_id": key}},
			"traceloop_api_key":            {{"id": key}, {"project_id": key, "environment": "prd"}, {"project_id": project, "environment": key}},
			"traceloop_api_keys":           {{"project_id": key}},
			"traceloop_auto_monitor_setup": {{"external_id": key}},
			"traceloop_evaluator":          {{"id": key}, {"slug": key}},
		} {
			for _, config := range configs {
				hidden(fmt.Sprintf("data source %s %v", kind, slices.Collect(maps.Keys(config))), nil, d.readData(kind, config))
			}
		}
		for kind, config := range map[string]arguments{
			environmentKind: {"project_id": key, "name": "EU"},
			keyKind:         {"project_id": key, "environment": "prd"},
			setupKind:       setupConfig("checkout", key),
		} {
			_, p, err := d.apply(t.Context(), kind, d.none(kind), config)
			hidden("resource "+kind, p.diags, err)
		}
		for kind, config := range map[string]arguments{projectKind: {"name": key}, evaluatorKind: evaluatorConfig(key)} {
			if _, _, err := d.apply(t.Context(), kind, d.none(kind), config); err != nil {
				t.Fatal(err)
			}
			other := newDriverWith(t, time.Now, settings)
			_, p, err := other.apply(t.Context(), kind, other.none(kind), config)
			hidden("a name that is taken", p.diags, err)
		}
		for _, kind := range []string{projectKind, environmentKind, keyKind, setupKind, evaluatorKind} {
			for _, id := range []string{key, project + "/" + key, key + "/prd"} {
				_, err := d.importID(t.Context(), kind, id)
				hidden("import of "+kind, nil, err)
			}
		}
		for _, kind := range []string{"traceloop_environment", "traceloop_api_key"} {
			_, err := d.query(kind, arguments{"project_id": key}, 10, false)
			hidden("list of "+kind, nil, err)
		}
		for _, config := range []arguments{{"id": key}, {"project_id": key, "environment": "prd"}} {
			progress, diags := d.invoke(config)
			hidden("action", append(diags, d.planAction(config)...), errors.New(strings.Join(progress, "\n")))
		}
		_, err := startDriver(t, provider.NewServer(time.Now), arguments{"request_timeout": key, "ca_cert_file": key, "api_key": server.ManagementKey})
		hidden("provider", nil, err)
	}
	if messages < 40 {
		t.Errorf("%d messages show a masked key, so this test looks at too few", messages)
	}
}

// The CLI prints the line that an error points at.
func TestAccDataSources_keyForAName(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	for _, key := range misplaced {
		c := newCLI(t, server)
		c.write(fmt.Sprintf("data \"traceloop_environment\" \"by_name\" {\n  name = %[1]q\n}\n\ndata \"traceloop_project\" \"by_name\" {\n  name = %[1]q\n}\n", key))
		hides(t, c.fails("plan", "Not Found"), key, key[:20])
	}
}

// A variable that should hold an identity holds the name of its file.
func TestEphemeral_pathForAnIdentity(t *testing.T) {
	d := newDriver(t, emulatortest.Start(t), time.Now)
	for identity, isPath := range map[string]bool{
		"/home/me/.config/age/key.txt": true, "~/.ssh/id_ed25519": true, "key.txt": true, `C:\Users\me\key.txt`: true, "id.pem": true,
		"AGE-SECRET-KEY-1QQQQ": false, "-----BEGIN OPENSSH PRIVATE KEY-----\na/b\n-----END OPENSSH PRIVATE KEY-----": false, "secret": false,
	} {
		t.Setenv("TRACELOOP_AGE_IDENTITY", identity)
		_, err := d.open("sealed", nil)
		refuses(t, err, "Invalid Age Identity", "TRACELOOP_AGE_IDENTITY")
		if err != nil && strings.Contains(err.Error(), "looks like the path of a file") != isPath {
			t.Errorf("%q is taken for the path of a file: %t; %v", identity, !isPath, err)
		}
		if err != nil && len(identity) > 10 {
			hides(t, err.Error(), identity)
		}
	}
}

// What no plan can take needs no request, and points at its attribute.
func TestConfigurations_refused(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	server.ResetRequests()
	d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": key})
	setup, evaluator := setupConfig("a", "char-count").with, evaluatorConfig("Tone").with
	rule := func(rest arguments) arguments {
		return arguments{"selector": []arguments{arguments{"key": "k", "source": "span_attributes"}.with(rest)}}
	}
	for _, test := range []struct {
		kind    string
		config  arguments
		phrases []string
	}{
		{projectKind, arguments{"name": ""}, []string{"Invalid Attribute Value Length", "between 1 and 255"}},
		{projectKind, arguments{"name": "   "}, []string{"must not be blank"}},
		{projectKind, arguments{"name": " Orders"}, []string{"begin or end with white space"}},
		{projectKind, arguments{"name": "Orders\nReturns"}, []string{"line break"}},
		{projectKind, arguments{"name": strings.Repeat("ö", 256)}, []string{"Invalid Attribute Value Length", "between 1 and 255"}},
		{environmentKind, arguments{"name": ""}, []string{"between 1 and 255"}},
		{environmentKind, arguments{"name": " \t"}, []string{"must not be blank"}},
		{environmentKind, arguments{"name": "!!!"}, []string{"ASCII letter or digit"}},
		{environmentKind, arguments{"name": strings.Repeat("x", 256)}, []string{"between 1 and 255"}},
		{environmentKind, arguments{"name": "EU", "project_id": "Default project"}, []string{"must be an id"}},
		{keyKind, arguments{"project_id": "Default project", "environment": "prd"}, []string{"must be an id"}},
		{keyKind, arguments{"project_id": "", "environment": "prd"}, []string{"must be an id"}},
		{keyKind, arguments{"project_id": "p1", "environment": ""}, []string{"between 1 and 255"}},
		{keyKind, arguments{"project_id": "p1", "environment": "EU Production"}, []string{`Did you mean "eu-production"?`, "not its name"}},
		{keyKind, arguments{"project_id": "p1", "environment": "PRD"}, []string{`"PRD" is not an environment slug`, `Did you mean "prd"?`}},
		{organizationKind, arguments{"name": ""}, []string{"name", "between 1 and 255"}},
		{organizationKind, arguments{"name": "A", "environments": []string{}}, []string{"environments", "at least 1"}},
		{organizationKind, arguments{"name": "A", "environments": []string{"?"}}, []string{"environments", "ASCII letter or digit"}},
		{organizationKind, arguments{"name": "A", "retention_hours": int64(0)}, []string{"retention_hours", "whole number from 1 to 720"}},
		{organizationKind, arguments{"name": "A", "retention_hours": int64(721)}, []string{"retention_hours", "whole number from 1 to 720"}},
		{organizationKind, arguments{"name": "A", "age_recipients": []string{"AGE-SECRET-KEY-1"}}, []string{"Invalid Recipient", "private key"}},
		{setupKind, setup(arguments{"evaluators": []string{}}), []string{"evaluators", "at least 1"}},
		{setupKind, setup(arguments{"external_id": ""}), []string{"external_id", "1 to 255 characters"}},
		{setupKind, setup(arguments{"external_id": "checkout/eu"}), []string{"Invalid External ID", "without slashes"}},
		{setupKind, setup(arguments{"selector": []arguments{
			{"key": "k", "source": "span_attributes", "value": "v"},
			{"key": "k", "source": "span_attributes", "operator": "in"},
		}}), []string{"Missing Value", `selector[1] has operator = "in", which needs values`}},
		{setupKind, setup(arguments{"external_id": "bulk"}), []string{"Invalid External ID", "bulk", "path"}},
		{setupKind, setup(arguments{"selector": []arguments{}}), []string{"selector", "at least 1"}},
		{setupKind, setup(rule(arguments{"source": "events", "value": "v"})), []string{"source", "span_attributes"}},
		{setupKind, setup(rule(arguments{"operator": "like", "value": "v"})), []string{"operator", "not_equals"}},
		{setupKind, setup(rule(nil)), []string{"Missing Value", `operator = "equals", which needs value.`}},
		{setupKind, setup(rule(arguments{"operator": "contains", "value": "v", "values": []string{"v"}})), []string{"Unexpected Value", "which does not take values"}},
		{setupKind, setup(rule(arguments{"operator": "in", "value": "v", "values": []string{"v"}})), []string{"Unexpected Value", "which does not take value."}},
		{setupKind, setup(rule(arguments{"operator": "not_in", "values": []string{}})), []string{"values", "at least 1"}},
		{setupKind, setup(rule(arguments{"operator": "exists", "value": "v"})), []string{"Unexpected Value", "which does not take value."}},
		{setupKind, setup(arguments{"wait_timeout": "1m"}), []string{"wait_for", "must be specified"}},
		{setupKind, setup(arguments{"wait_for": "completed", "wait_timeout": "soon"}), []string{"Invalid Wait Timeout"}},
		{setupKind, setup(arguments{"wait_for": "completed", "wait_timeout": "2h"}), []string{"between 1s and 1h"}},
		{setupKind, setup(arguments{"wait_for": "failed"}), []string{"wait_for"}},
		{evaluatorKind, evaluator(arguments{"messages": []arguments{}}), []string{"at least 1"}},
		{evaluatorKind, evaluator(arguments{"input_schema": []arguments{}}), []string{"at least 1"}},
		{evaluatorKind, evaluator(arguments{"output_schema": []arguments{{"name": "a", "type": "string"}, {"name": "a", "type": "int"}}}), []string{"Duplicate Name", `"a" twice`}},
		{evaluatorKind, evaluator(arguments{"input_schema": []arguments{{"name": "a", "type": "text"}}}), []string{"value must be one of"}},
		{evaluatorKind, evaluator(arguments{"input_schema": []arguments{{"name": "a", "type": "enum"}}}), []string{"Missing Value", `type = "enum", which needs enum_values`}},
		{evaluatorKind, evaluator(arguments{"input_schema": []arguments{{"name": "a", "type": "string", "enum_values": []string{"b"}}}}), []string{"Unexpected Value", "does not take enum_values"}},
		{evaluatorKind, evaluator(arguments{"slug": "Support tone"}), []string{"lower-case letters"}},
		{evaluatorKind, evaluator(arguments{"messages": []arguments{{"role": "", "content": "x"}}}), []string{"at least 1"}},
	} {
		diags := newLife(d, test.kind).refusesToPlan(test.config, test.phrases...)
		if test.config["age_recipients"] == nil { // Terraform would show the element that it points at
			pointsAt(t, diags)
		}
	}
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("there are the requests %v", requests)
	}
	newLife(d, projectKind).apply(arguments{"name": strings.Repeat("ö", 255)}, "create")
}
