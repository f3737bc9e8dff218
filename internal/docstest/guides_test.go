package docstest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// The snippets of the guides cannot all be planned, since most of them speak of other
// providers too. What can be planned is a file below examples/, and TestAccExamples_plan
// plans it. The rest is held to the form that the CLI gives it and to the schema.

// snippet is a block of Terraform code in a guide.
type snippet struct {
	guide string
	line  int // of the guide, where the code begins
	code  string
}

func (s snippet) String() string { return fmt.Sprintf("%s:%d", s.guide, s.line) }

// snippetsOf finds the code blocks that are written out in a guide.
func snippetsOf(guide, text string) []snippet {
	var found []snippet
	var open *snippet
	for i, line := range strings.SplitAfter(text, "\n") {
		switch {
		case open == nil && strings.TrimSpace(line) == "```terraform":
			open = &snippet{guide: guide, line: i + 2}
		case open != nil && strings.TrimSpace(line) == "```":
			found, open = append(found, *open), nil
		case open != nil:
			open.code += line
		}
	}
	return found
}

// guides reads the guides' templates by their names without extensions.
func guides(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../templates/guides/*.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[strings.TrimSuffix(filepath.Base(file), ".md.tmpl")] = string(text)
	}
	if len(texts) < 2 {
		t.Fatalf("only %d guides were found", len(texts))
	}
	return texts
}

func guideSnippets(t *testing.T) []snippet {
	t.Helper()
	var found []snippet
	for name, text := range guides(t) {
		in := snippetsOf(name+".md.tmpl", text)
		if n := strings.Count(text, "```terraform"); len(in) != n {
			t.Errorf("%s: %d snippets were read, want all of %d", name, len(in), n)
		}
		found = append(found, in...)
	}
	return found
}

// unformatted returns what the CLI's formatter says against the snippets, "" for nothing.
func unformatted(t *testing.T, snippets []snippet) string {
	t.Helper()
	dir := t.TempDir()
	for _, s := range snippets {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s line %d.tf", s.guide, s.line)), []byte(s.code), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"), "fmt", "-check", "-diff", "-no-color")
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v\n%s", err, out)
	}
	return ""
}

func TestGuides_snippetsAreFormatted(t *testing.T) {
	t.Parallel()
	if problem := unformatted(t, guideSnippets(t)); problem != "" {
		t.Errorf("the snippets are not as terraform fmt writes them: %s", problem)
	}
}

func TestGuides_snippetsAgreeWithTheSchema(t *testing.T) {
	t.Parallel()
	api := providerAPI(t)
	blocks := 0
	for _, s := range guideSnippets(t) {
		n, problems := api.check(s)
		blocks += n
		for _, problem := range problems {
			t.Error(problem)
		}
	}
	if blocks < 3 {
		t.Errorf("only %d blocks of this provider were found in the guides", blocks)
	}
}

// What the two tests above look for is found.
func TestGuides_checksCatch(t *testing.T) {
	t.Parallel()
	text := func(code string) string { return "# A guide\n\n```terraform\n" + code + "```\n\nMore.\n" }
	for name, test := range map[string]struct{ code, want string }{
		"misaligned":          {"locals {\n  a = 1\n  bb = 2\n}\n", "a.md.tmpl line 4.tf"},
		"not HCL":             {"resource {\n", "a.md.tmpl line 4.tf"},
		"unknown argument":    {"resource \"traceloop_api_key\" \"k\" {\n  projekt_id = \"x\"\n}\n", `a.md.tmpl:5: resource "traceloop_api_key" has no "projekt_id"`},
		"unknown block":       {"data \"traceloop_api_keys\" \"k\" {\n  filter {\n  }\n}\n", `a.md.tmpl:5: data "traceloop_api_keys" has no "filter"`},
		"read-only attribute": {"resource \"traceloop_api_key\" \"k\" {\n  masked_key = \"x\"\n}\n", `a.md.tmpl:5: "masked_key" of resource "traceloop_api_key" cannot be set`},
		"unknown type":        {"ephemeral \"traceloop_key\" \"k\" {\n}\n", `a.md.tmpl:4: there is no ephemeral "traceloop_key"`},
		"unknown attribute":   {"locals {\n  a = [traceloop_api_key.k[\"prd\"].secret]\n}\n", `a.md.tmpl:5: resource "traceloop_api_key" has no "secret"`},
		"of another kind":     {"locals {\n  a = ephemeral.traceloop_api_key.k.masked_key\n}\n", `a.md.tmpl:5: ephemeral "traceloop_api_key" has no "masked_key"`},
		"unknown filter":      {"list \"traceloop_project\" \"p\" {\n  provider = traceloop\n\n  config {\n    slug = \"x\"\n  }\n}\n", `a.md.tmpl:8: list "traceloop_project" has no "slug"`},
		"outside config":      {"action \"traceloop_revoke_api_key\" \"k\" {\n  id = \"x\"\n}\n", `a.md.tmpl:5: "id" of action "traceloop_revoke_api_key" belongs in config`},
		"unknown action":      {"action \"traceloop_rotate\" \"k\" {\n}\n", `a.md.tmpl:4: there is no action "traceloop_rotate"`},
		"after an empty one":  {"data \"traceloop_projects\" \"all\" {}\n\noutput \"ids\" {\n  value = 1\n}\n", ""},
		"empty and unknown":   {"data \"traceloop_project_all\" \"all\" {}\n", `a.md.tmpl:4: there is no data "traceloop_project_all"`},
		"right query":         {"list \"traceloop_project\" \"p\" {\n  provider = traceloop\n  limit    = 10\n\n  config {\n    name = \"x\"\n  }\n}\n", ""},
		"unknown function":    {"locals {\n  a = provider::traceloop::mask(\"x\")\n}\n", `a.md.tmpl:5: there is no function "mask"`},
		"nothing wrong":       {"resource \"traceloop_api_key\" \"k\" {\n  for_each = toset([\"prd\"])\n\n  environment = each.key\n\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			snippets := snippetsOf("a.md.tmpl", text(test.code))
			if len(snippets) != 1 || snippets[0].code != test.code {
				t.Fatalf("the snippets are %v, want the one", snippets)
			}
			_, problems := providerAPI(t).check(snippets[0])
			got := strings.Join(problems, "\n")
			if got == "" {
				got = unformatted(t, snippets)
			}
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("it is caught as %q, want %q", got, test.want)
			}
		})
	}
}

// Every file for the guides is in one, and every file that a page includes exists.
func TestGuides_files(t *testing.T) {
	t.Parallel()
	include := regexp.MustCompile(`\{\{ (?:tffile|codefile "\w+") "([^"]+)" \}\}`)
	pages, err := filepath.Glob("../../templates/*/*.md.tmpl")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages were found: %v", len(pages), err)
	}
	included := map[string]bool{}
	for _, page := range pages {
		for _, match := range include.FindAllStringSubmatch(readFile(t, page), -1) {
			included[match[1]] = true
			if _, err := os.Stat(filepath.Join("..", "..", match[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	for _, pattern := range []string{"guides/*/*", "resources/*/*/*"} {
		files, err := filepath.Glob("../../examples/" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files were found: %v", pattern, len(files), err)
		}
		for _, file := range files {
			if name := strings.TrimPrefix(filepath.ToSlash(file), "../../"); !included[name] {
				t.Errorf("no page includes %s", name)
			}
		}
	}
}

// The registry groups guides by their subcategory.
func TestGuides_areGrouped(t *testing.T) {
	t.Parallel()
	groups := []string{"Getting started", "Keys and monitors", "Operation"}
	group := regexp.MustCompile(`(?m)^subcategory: "([^"]*)"$`)
	for name, text := range guides(t) {
		if match := group.FindStringSubmatch(text); len(match) != 2 || !slices.Contains(groups, match[1]) {
			t.Errorf("the guide %s has none of the subcategories %q", name, groups)
		}
	}
}

// Pages and examples advise one constraint, and no other. A module leaves the choice to its caller.
func TestGuides_oneVersionConstraint(t *testing.T) {
	t.Parallel()
	constraint := regexp.MustCompile(`source\s*=\s*"traceloop/traceloop"\s*version\s*=\s*"([^"]*)"`)
	found := 0
	for _, root := range []string{"../../docs", "../../examples", "../../README.md"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.Contains(path, "/modules/") {
				return err
			}
			for _, match := range constraint.FindAllStringSubmatch(readFile(t, path), -1) {
				if found++; match[1] != "~> 0.1" {
					t.Errorf("%s: the constraint is %q", path, match[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 10 {
		t.Errorf("only %d constraints were found", found)
	}
}

// publicAPI is what a configuration may name of this provider: its types by kind, their
// attributes, of which those that are true may be set, and its functions.
type publicAPI struct {
	types     map[string]map[string]map[string]bool
	functions []string
}

func providerAPI(t *testing.T) publicAPI {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	api := publicAPI{types: map[string]map[string]map[string]bool{}, functions: slices.Collect(maps.Keys(schema.Functions))}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{
		"resource": schema.ResourceSchemas, "data": schema.DataSourceSchemas, "ephemeral": schema.EphemeralResourceSchemas,
		"list": schema.ListResourceSchemas, "action": actionSchemas(schema.ActionSchemas),
	} {
		api.types[kind] = map[string]map[string]bool{}
		for name, s := range schemas {
			attributes := map[string]bool{}
			for _, attribute := range s.Block.Attributes {
				attributes[attribute.Name] = attribute.Required || attribute.Optional
			}
			for _, block := range s.Block.BlockTypes {
				attributes[block.TypeName] = true
			}
			api.types[kind][name] = attributes
		}
	}
	return api
}

func actionSchemas(actions map[string]*tfprotov6.ActionSchema) map[string]*tfprotov6.Schema {
	schemas := map[string]*tfprotov6.Schema{}
	for name, a := range actions {
		schemas[name] = a.Schema
	}
	return schemas
}

var (
	blockHead    = regexp.MustCompile(`^( *)(resource|data|ephemeral|list|action) "(traceloop_\w+)" "\w+" \{`)
	argumentHead = regexp.MustCompile(`^( *)(\w+) *[={]`)
	reference    = regexp.MustCompile(`(?:\b(data|ephemeral)\.)?\b(traceloop_\w+)\.\w+(?:\[[^\]]*\])?\.(\w+)`)
	functionCall = regexp.MustCompile(`provider::traceloop::(\w+)`)

	metaArguments = []string{"count", "depends_on", "for_each", "lifecycle", "provider"}
)

// check reads a snippet by its lines, which is enough for code as terraform fmt writes it.
// It returns how many blocks of this provider there are.
func (api publicAPI) check(s snippet) (blocks int, problems []string) {
	var kind, name, indent string // of the block that is open; kind is "" for none
	for i, line := range strings.Split(s.code, "\n") {
		report := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("%s:%d: ", s.guide, s.line+i)+fmt.Sprintf(format, args...))
		}
		if head := blockHead.FindStringSubmatch(line); head != nil {
			blocks++
			indent, kind, name = head[1], head[2], head[3]
			if api.types[kind][name] == nil {
				report("there is no %s %q", kind, name)
				kind = ""
			}
			if strings.HasSuffix(line, "{}") {
				kind = ""
			}
			continue
		}
		if kind != "" && line == indent+"}" {
			kind = ""
		}
		within := indent + "  "
		if kind == "list" || kind == "action" {
			within += "  " // in config
			outside := slices.Concat(metaArguments, []string{"config"})
			if kind == "list" {
				outside = append(outside, "limit", "include_resource")
			}
			if argument := argumentHead.FindStringSubmatch(line); len(argument) > 0 && argument[1] == indent+"  " && !slices.Contains(outside, argument[2]) {
				report("%q of %s %q belongs in config", argument[2], kind, name)
			}
		}
		if argument := argumentHead.FindStringSubmatch(line); kind != "" && argument != nil && argument[1] == within && !slices.Contains(metaArguments, argument[2]) {
			if settable, ok := api.types[kind][name][argument[2]]; !ok {
				report("%s %q has no %q", kind, name, argument[2])
			} else if !settable {
				report("%q of %s %q cannot be set", argument[2], kind, name)
			}
		}
		for _, match := range reference.FindAllStringSubmatch(line, -1) {
			of := match[1]
			if of == "" {
				of = "resource"
			}
			if attributes := api.types[of][match[2]]; attributes == nil {
				report("there is no %s %q", of, match[2])
			} else if _, ok := attributes[match[3]]; !ok {
				report("%s %q has no %q", of, match[2], match[3])
			}
		}
		for _, match := range functionCall.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(api.functions, match[1]) {
				report("there is no function %q", match[1])
			}
		}
	}
	return blocks, problems
}
