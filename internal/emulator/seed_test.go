package emulator_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const seedYAML = `# An organization for tests
environments:
  - name: EU Production
  - name: prd
    id: cprd
evaluators:
  - name: Tone of voice
    description: "Is it friendly?"
    provider: openai
    model: gpt-4o
    temperature: 0.5
    max_tokens: 100
    messages: [{role: user, content: "Rate: {{text}}"}]
    input_schema: [{name: text, type: string}]
    output_schema: [{name: tone, type: enum, enum_values: [good, bad]}]
    version: 3
projects:
  - name: Orders
    id: corders
    created_at: 2026-01-31T12:00:00+01:00
    environments:
      - name: Canary
        id: ccanary
    api_keys:
      - environment: prd
        api_key: tl_0000known0000
        created_at: "2026-02-01T00:00:00Z"
      - environment: eu-production
    auto_monitor_setups:
      - environment: prd
        external_id: checkout
        evaluators: [char-count, word-count]
        env_project_id: cordersprd
        created_at: 2026-02-02T00:00:00Z
        selector:
          - {key: gen_ai.system, source: span_attributes, value: openai}
          - {key: service.name, source: resource_attributes, operator: in, values: [web, api]}
      - {environment: canary, external_id: canary-checkout, evaluators: [pii-detector, tone-of-voice]}
  - name: "Orders!"
`

func TestSeed(t *testing.T) {
	t.Parallel()
	var seed any
	if err := yaml.Unmarshal([]byte(seedYAML), &seed); err != nil {
		t.Fatal(err)
	}
	asJSON := inJSON(t, seed)
	for name, text := range map[string]string{"YAML": seedYAML, "JSON": asJSON} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := emulatortest.Start(t, emulatortest.WithSeed(text))
			projects := s.Projects()
			if len(projects) != 2 || projects[0].ID != "corders" || projects[0].CreatedAt != "2026-01-31T11:00:00.000Z" || projects[1].Slug != "orders-2" {
				t.Errorf("the projects are %+v", projects)
			}
			wantSlugs(t, s, "corders", "dev", "stg", "prd", "eu-production", "canary")
			if prd := s.Environments("")[2]; prd.ID != "cprd" || !prd.BuiltIn {
				t.Errorf("the seed's prd is %+v", prd)
			}
			if status := s.SendSpans("tl_0000known0000", 1); status != http.StatusOK {
				t.Errorf("the known key was answered %d", status)
			}
			keys := s.Keys()
			if len(keys) != 2 || keys[0].CreatedAt != "2026-02-01T00:00:00.000Z" || keys[1].Environment != "eu-production" || !strings.HasPrefix(keys[1].MaskedKey, "tl_****") {
				t.Errorf("the keys are %+v", keys)
			}
			if evaluators := s.Evaluators("tl_0000known0000"); len(evaluators) != 1 || evaluators[0].Version != "3" || evaluators[0].Slug != "tone-of-voice" ||
				*evaluators[0].Config.LLMConfig.Temperature != 0.5 || evaluators[0].OutputSchema[0].EnumValues[1] != "bad" || evaluators[0].Description != "Is it friendly?" {
				t.Errorf("the evaluators are %+v", evaluators)
			}
			setups := s.Setups("tl_0000known0000")
			if len(setups) != 2 || setups[0].EnvProjectID != "cordersprd" || setups[0].Status != "waiting_for_spans" || setups[0].ProjectID != "corders" ||
				len(setups[0].InitRules) != 2 || setups[0].InitRules[0].Operator != "equals" || len(setups[0].InitRules[1].Values) != 2 ||
				setups[1].Evaluators[0].Type != "pii-detector" || setups[1].Status != "pending" {
				t.Errorf("the setups are %+v", setups)
			}
			if setup := s.PutSetup("tl_0000known0000", "checkout", "char-count"); setup.ID != setups[0].ID {
				t.Errorf("the known key replaces %+v", setup)
			}
		})
	}
}

// What JSON escapes in two halves is one character.
func TestSeedWithEscapes(t *testing.T) {
	t.Parallel()
	name := `Orders \ud83d 😀 "x" \`
	escaped := `{"projects":[{"name":"Orders \\ud83d \ud83d\ude00 \"x\" \\"}]}`
	var check struct{ Projects []struct{ Name string } }
	if err := json.Unmarshal([]byte(escaped), &check); err != nil || check.Projects[0].Name != name {
		t.Fatalf("%v, %+v", err, check)
	}
	if got := emulatortest.Start(t, emulatortest.WithSeed(escaped)).Projects()[0].Name; got != name {
		t.Errorf("the name is %q, want %q", got, name)
	}
}

// An export, planted, is the organization again: its export is the same, and its keys work.
func TestExportComesBack(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithSeed(seedYAML))
	s.RenameProject("corders", `Q: "x" # 7`)
	s.CreateProject("true")
	s.CreateProject("123")
	_, key := s.GenerateKey("corders", "canary")
	first := get(t, s, "/_emulator/export")
	if first.status != http.StatusOK || !strings.HasPrefix(first.header.Get("Content-Type"), "application/yaml") {
		t.Fatalf("answered %d %v", first.status, first.header)
	}
	for _, secret := range []string{key, "tl_0000known0000", s.ManagementKey} {
		if strings.Contains(string(first.body), secret) {
			t.Errorf("it has a key in full: %s", first.body)
		}
	}
	next := emulatortest.Start(t, emulatortest.WithSeed(string(first.body)))
	if second := get(t, next, "/_emulator/export"); !bytes.Equal(second.body, first.body) {
		t.Errorf("it came back as\n%s\nwant\n%s", second.body, first.body)
	}
	for _, key := range []string{key, "tl_0000known0000"} {
		if status := next.SendSpans(key, 1); status != http.StatusOK {
			t.Errorf("a key of the exported organization was answered %d", status)
		}
	}
	if was, is := s.Environments(""), next.Environments(""); !slices.Equal(is[:4], was[:4]) {
		t.Errorf("the organization's environments are %+v, want %+v", is, was)
	}
	if was, is := s.Setups(key), next.Setups(key); len(is) != 2 || is[0].ID != was[0].ID || is[1].EnvProjectID != was[1].EnvProjectID {
		t.Errorf("the setups are %+v, want %+v", is, was)
	}
	if keys := next.Keys(); keys[0] != s.Keys()[0] {
		t.Errorf("a key is %+v, want %+v", keys[0], s.Keys()[0])
	}
	empty := emulatortest.Start(t, emulatortest.WithSeed("{}"))
	if second := get(t, empty, "/_emulator/export"); strings.Contains(string(second.body), "projects:") || strings.Count(string(second.body), "name: ") != 3 {
		t.Errorf("an empty organization is %s", second.body)
	}
}

func TestSeedsThatBreakARule(t *testing.T) {
	t.Parallel()
	project := func(lines string) string { return "projects:\n  - name: Orders\n" + lines }
	hash := strings.Repeat("ab", 32)
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "s.yaml: it is empty"},
		{"not YAML", "projects:\n\t- name: x\n", "s.yaml:2: it is neither YAML nor JSON"},
		{"cut off JSON", `{"projects": [`, "s.yaml:1: it is neither YAML nor JSON"},
		{"not UTF-8", "projects: [\xff]", "s.yaml: it is not UTF-8"},
		{"two documents", "projects: []\n---\nprojects: []\n", "s.yaml: it has more than one document"},
		{"list", "- projects\n", "s.yaml:1: the field does not take this kind of value (seq)"},
		{"unknown field", "organisation: x\n", `s.yaml:1: unknown field "organisation"`},
		{"unknown field below", project("    slugs: x\n"), `s.yaml:3: unknown field "slugs"`},
		{"field twice", project("    name: Billing\n"), `s.yaml:3: mapping key "name" already defined at line 2`},
		{"no list", "projects: Orders\n", "s.yaml:1: the field does not take this kind of value (str)"},
		{"no name", "projects:\n  - id: x\n", "s.yaml:2: projects[0]: name is missing or empty"},
		{"key in place of a list", project("    api_keys: tl_same0000\n"), "s.yaml:3: the field does not take this kind of value (str)"},
		{"slug twice", "projects:\n  - name: x\n  - {name: y, slug: x}\n", `s.yaml:3: projects[1]: Another project has the slug "x"`},
		{"no slug", project("    slug: A B\n"), `s.yaml:2: projects[0]: slug "A B" is not a slug`},
		{"id twice", "projects:\n  - {name: x, id: a}\n  - {name: y, id: a}\n", `s.yaml:3: projects[1]: Another entry has the id "a"`},
		{"id for a path", project("    id: a/b\n"), `s.yaml:2: projects[0]: id "a/b" must have`},
		{"no time", project("    created_at: yesterday\n"), `s.yaml:2: projects[0]: created_at "yesterday" must be a time`},
		{"built-in environment", project("    environments: [{name: dev}]\n"), `s.yaml:3: projects[0].environments[0]: The slug "dev" belongs to a built-in environment`},
		{"built-in environment twice", "environments: [{name: dev}, {name: dev}]\n", `s.yaml:1: environments[1]: The slug "dev" belongs to a built-in environment`},
		{"key of no environment", project("    api_keys: [{environment: qa}]\n"), `s.yaml:3: projects[0].api_keys[0]: The project has no environment with the slug "qa"`},
		{"second key", project("    api_keys: [{environment: prd}, {environment: prd}]\n"), `s.yaml:3: projects[0].api_keys[1]: The environment "prd" of this project already has an API key`},
		{"same key", project("    api_keys: [{environment: prd, api_key: tl_same0000}, {environment: dev, api_key: tl_same0000}]\n"), "s.yaml:3: projects[0].api_keys[1]: Another entry has the same key"},
		{"key without prefix", project("    api_keys: [{environment: prd, api_key: secret00}]\n"), "s.yaml:3: projects[0].api_keys[0]: api_key must be tl_ followed by 8 to 200"},
		{"key and hash", project("    api_keys: [{environment: prd, api_key: tl_same0000, sha256: " + hash + "}]\n"), "Omit them"},
		{"hash alone", project("    api_keys: [{environment: prd, sha256: " + hash + "}]\n"), "belong together"},
		{"no hash", project("    api_keys: [{environment: prd, masked_key: tl_****, sha256: abc}]\n"), "64 hexadecimal digits"},
		{"setup of no environment", project("    auto_monitor_setups: [{environment: qa, external_id: a, evaluators: [char-count]}]\n"), `s.yaml:3: projects[0].auto_monitor_setups[0]: The project has no environment with the slug "qa"`},
		{"setup twice", project("    auto_monitor_setups: [{environment: prd, external_id: a, evaluators: [char-count]}, {environment: prd, external_id: a, evaluators: [char-count]}]\n"), `auto_monitor_setups[1]: The project already has an auto monitor setup with the external_id "a"`},
		{"setup of two places", project("    auto_monitor_setups: [{environment: prd, external_id: a, evaluators: [char-count], env_project_id: a}, {environment: prd, external_id: b, evaluators: [char-count], env_project_id: b}]\n"), `auto_monitor_setups[1]: Another setup of this project and environment has the env_project_id "a"`},
		{"place of two environments", project("    auto_monitor_setups: [{environment: prd, external_id: a, evaluators: [char-count], env_project_id: a}, {environment: dev, external_id: b, evaluators: [char-count], env_project_id: a}]\n"), `auto_monitor_setups[1]: Another entry has the id "a"`},
		{"setup id twice", project("    auto_monitor_setups: [{environment: prd, external_id: a, id: a, evaluators: [char-count]}, {environment: prd, external_id: b, id: a, evaluators: [char-count]}]\n"), `auto_monitor_setups[1]: Another entry has the id "a"`},
		{"evaluator without a model", "evaluators: [{name: a, provider: b}]\n", "s.yaml:1: evaluators[0]: model is required"},
		{"temperature in quotes", "evaluators: [{name: a, temperature: '1'}]\n", "s.yaml:1: the field does not take this kind of value (str)"},
		{"mask that shows", project("    api_keys: [{environment: prd, masked_key: tl_0000known0000, sha256: " + hash + "}]\n"), "stars in the middle"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "data")
			seed, err := emulator.ParseSeed("s.yaml", []byte(test.text))
			if err == nil {
				var e *emulator.Emulator
				if e, err = emulator.New(emulator.Options{Seed: seed, DataFile: file}); err == nil {
					e.Close()
				}
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "s.yaml:") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line that says %q", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), "tl_same") || strings.Contains(err.Error(), "secret00") || strings.Contains(err.Error(), "0000known")) {
				t.Errorf("the error repeats the key: %v", err)
			}
			// Nothing of it is left: the file can still get an organization.
			if s := emulatortest.Start(t, emulatortest.WithDataFile(file)); len(s.Projects()) != 1 || s.Projects()[0].Name != "Default project" {
				t.Errorf("the file holds %+v", s.Projects())
			}
		})
	}
}

func TestSeedOfAnOrganizationThatIsThere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data")
	emulatortest.Start(t, emulatortest.WithDataFile(file)).Close()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = emulator.New(emulator.Options{DataFile: file, Seed: &emulator.Seed{}})
	if err == nil || !strings.Contains(err.Error(), "holds an organization already") || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was changed: %v", err)
	}
}
