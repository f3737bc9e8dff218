package docstest

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
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
		"not HCL":             {"resource {\n", "a.md.tmpl:4"},
		"unknown type":        {"ephemeral \"traceloop_key\" \"k\" {\n}\n", `a.md.tmpl:4: there is no ephemeral traceloop_key`},
		"unknown argument":    {"resource \"traceloop_api_key\" \"k\" {\n  projekt_id = \"x\"\n}\n", `a.md.tmpl:5: resource traceloop_api_key has no "projekt_id"`},
		"unknown block":       {"data \"traceloop_api_keys\" \"k\" {\n  filter {\n  }\n}\n", `a.md.tmpl:5: data traceloop_api_keys has no "filter"`},
		"unknown filter":      {"list \"traceloop_project\" \"p\" {\n  provider = traceloop\n\n  config {\n    slug = \"x\"\n  }\n}\n", `a.md.tmpl:8: list traceloop_project has no "slug"`},
		"read-only attribute": {"resource \"traceloop_api_key\" \"k\" {\n  masked_key = \"x\"\n}\n", `a.md.tmpl:5: "masked_key" of resource traceloop_api_key cannot be set`},
		"unknown attribute":   {"locals {\n  a = [traceloop_api_key.k[\"prd\"].secret]\n}\n", `a.md.tmpl:5: resource traceloop_api_key has no "secret"`},
		"of another kind":     {"locals {\n  a = ephemeral.traceloop_api_key.k.masked_key\n}\n", `a.md.tmpl:5: ephemeral traceloop_api_key has no "masked_key"`},
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

// Every file for the guides is in one. (That every file of a page exists is seen when the pages are generated.)
func TestGuides_files(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../templates/*/*.md.tmpl")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages were found: %v", len(pages), err)
	}
	var text strings.Builder
	for _, page := range pages {
		text.WriteString(readFile(t, page))
	}
	for _, pattern := range []string{"guides/*/*", "resources/*/*/*"} {
		files, err := filepath.Glob("../../examples/" + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files were found: %v", pattern, len(files), err)
		}
		for _, file := range files {
			if name := strings.TrimPrefix(filepath.ToSlash(file), "../../"); !strings.Contains(text.String(), `"`+name+`"`) {
				t.Errorf("no page includes %s", name)
			}
		}
	}
}

// publicAPI is what a configuration may name of this provider: of each "resource traceloop_project" the attributes, and
// whether they can be set; and the functions.
type publicAPI struct {
	attributes map[string]map[string]bool
	functions  map[string]*tfprotov6.Function
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
	api := publicAPI{attributes: map[string]map[string]bool{}, functions: schema.Functions}
	add := func(kind, name string, s *tfprotov6.Schema) {
		attributes := map[string]bool{"count": true, "depends_on": true, "for_each": true, "lifecycle": true, "provider": true}
		for _, attribute := range s.Block.Attributes {
			attributes[attribute.Name] = attribute.Required || attribute.Optional
		}
		for _, block := range s.Block.BlockTypes {
			attributes[block.TypeName] = true
		}
		api.attributes[kind+" "+name] = attributes
	}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{
		"resource": schema.ResourceSchemas, "data": schema.DataSourceSchemas, "ephemeral": schema.EphemeralResourceSchemas, "list": schema.ListResourceSchemas,
	} {
		for name, s := range schemas {
			add(kind, name, s)
		}
	}
	for name, a := range schema.ActionSchemas {
		add("action", name, a.Schema)
	}
	return api
}

var (
	reference    = regexp.MustCompile(`(?:\b(data|ephemeral)\.)?\b(traceloop_\w+)\.\w+(?:\[[^\]]*\])?\.(\w+)`)
	functionCall = regexp.MustCompile(`provider::traceloop::(\w+)`)
)

// check returns how many blocks of this provider a snippet has, and what the schema does not allow.
func (api publicAPI) check(s snippet) (blocks int, problems []string) {
	report := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s:%d: ", s.guide, line)+fmt.Sprintf(format, args...))
	}
	file, diags := hclsyntax.ParseConfig([]byte(s.code), s.guide, hcl.Pos{Line: s.line, Column: 1})
	body, ok := file.Body.(*hclsyntax.Body)
	if diags.HasErrors() || !ok {
		return 0, []string{diags.Error()}
	}
	for _, block := range body.Blocks {
		if len(block.Labels) != 2 || !strings.HasPrefix(block.Labels[0], "traceloop_") {
			continue
		}
		blocks++
		object, given := block.Type+" "+block.Labels[0], block.Body
		if block.Type == "list" || block.Type == "action" {
			given = &hclsyntax.Body{}
			for _, config := range block.Body.Blocks {
				given = config.Body
			}
		}
		attributes := api.attributes[object]
		if attributes == nil {
			report(block.TypeRange.Start.Line, "there is no %s", object)
			continue
		}
		for name, argument := range given.Attributes {
			if settable, ok := attributes[name]; !ok {
				report(argument.NameRange.Start.Line, "%s has no %q", object, name)
			} else if !settable {
				report(argument.NameRange.Start.Line, "%q of %s cannot be set", name, object)
			}
		}
		for _, inner := range given.Blocks {
			if !attributes[inner.Type] {
				report(inner.TypeRange.Start.Line, "%s has no %q", object, inner.Type)
			}
		}
	}
	for i, line := range strings.Split(s.code, "\n") {
		for _, match := range reference.FindAllStringSubmatch(line, -1) {
			object := cmp.Or(match[1], "resource") + " " + match[2]
			if _, ok := api.attributes[object][match[3]]; !ok {
				report(s.line+i, "%s has no %q", object, match[3])
			}
		}
		for _, match := range functionCall.FindAllStringSubmatch(line, -1) {
			if api.functions[match[1]] == nil {
				report(s.line+i, "there is no function %q", match[1])
			}
		}
	}
	return blocks, problems
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
