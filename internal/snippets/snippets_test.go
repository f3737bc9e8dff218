// Package snippets runs the code of the pages that a newcomer reads first, as that reader would.
//
// A shell block runs in the terminal of the block before it, or in a new one if that block stays in the
// foreground. A text block right after it is what it prints. A terraform block is saved under the name in the
// line before it. A block after <!-- not run: reason --> is not run.
package snippets

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	// What the pages build: this test has to run again when it changes.
	_ "github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

const guide = "docs/guides/get-started.md"

// reasons are those for which a block is not run.
var reasons = []string{"needs an account", "CI has a step of its own for it"}

// blocksOf returns the blocks of a page.
func blocksOf(t *testing.T, root, page string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := parse(page, string(text))
	if err != nil {
		t.Fatal(err)
	}
	run := 0
	for _, b := range blocks {
		if b.notRun == "" {
			run++
		} else if !slices.Contains(reasons, b.notRun) {
			t.Errorf("%s: %q is no reason, such as %q", b.where, b.notRun, reasons)
		}
	}
	if run < 3 || run <= len(blocks)/2 {
		t.Errorf("%s: only %d of %d blocks are run", page, run, len(blocks))
	}
	return blocks
}

// script is the block of the guide that starts the emulator without a second terminal.
func script(t *testing.T, root string) string {
	t.Helper()
	for _, b := range blocksOf(t, root, guide) {
		if strings.Contains(b.code, "trap ") {
			return b.code
		}
	}
	t.Fatal("the guide has no script")
	return ""
}

// The pages share a machine, and so what was built and installed before.
func TestPages(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the pages are written for a POSIX shell")
	}
	m := newMachine(t)
	follow := func(r *reader, page string) {
		t.Helper()
		if err := r.follow(blocksOf(t, m.root, page)); err != nil {
			t.Fatal(err)
		}
	}
	follow(m.reader(t), "README.md")
	follow(m.reader(t), guide)
	scriptStops(t, m)

	service := emulatortest.Start(t)
	follow(m.reader(t, "TRACELOOP_MANAGEMENT_BASE_URL="+service.URL, "TRACELOOP_MANAGEMENT_API_KEY="+service.ManagementKey), "docs/index.md")
	if projects := service.Projects(); len(projects) != 1 || len(service.Keys()) != 0 {
		t.Errorf("the index leaves %v and %v", projects, service.Keys())
	}

	mistakesAreFound(t, m)
}

// scriptStops has the port of the emulator taken, where the guide has just been followed. The
// variables are those of a real service, which must hear nothing.
func scriptStops(t *testing.T, m *machine) {
	t.Helper()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var heard atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		heard.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer service.Close()
	run := func(code string) (string, error) {
		terminal := m.terminal(t, "TRACELOOP_MANAGEMENT_BASE_URL="+service.URL, "TRACELOOP_MANAGEMENT_API_KEY=the-real-one")
		terminal.cwd, terminal.listen = filepath.Join(terminal.cwd, "terraform-provider-traceloop"), taken.Addr().String()
		out, _, err := terminal.run(t, code)
		return out, err
	}
	out, err := run(script(t, m.root))
	if err == nil || !strings.Contains(out, "is in use already") || strings.Contains(out, "Plan:") || heard.Load() != 0 {
		t.Errorf("where the port is taken, the script ends with %v, and the service hears %d requests:\n%s", err, heard.Load(), out)
	}
	// The form that the guide warns of.
	out, err = run("eval \"$(bin/traceloop-emulator -env-file emulator.env)\"\ncd ../orders\nterraform apply -auto-approve\n")
	if err == nil || heard.Load() == 0 {
		t.Errorf("a script that goes on is not noticed: %v\n%s", err, out)
	}
}

// The workflow of the guide on tests starts the emulator in the form that stops.
func TestScripts(t *testing.T) {
	t.Parallel()
	const root = "../.."
	_, start, found := strings.Cut(script(t, root), "rm -f emulator.env\n")
	start, _, ends := strings.Cut(start, "\n\n")
	workflow, err := os.ReadFile(filepath.Join(root, "examples", "guides", "test-modules", "test-modules.yml"))
	if err != nil || !found || !ends {
		t.Fatalf("the script is %q: %v", start, err)
	}
	start = strings.ReplaceAll(start, "bin/traceloop-emulator", "traceloop-emulator")
	if flat := strings.ReplaceAll(string(workflow), "\n          ", "\n"); !strings.Contains(flat, start) {
		t.Errorf("the workflow does not start the emulator with\n%s", start)
	}
}

// mistakesAreFound shows that a page with a mistake fails, at the block that has it.
func mistakesAreFound(t *testing.T, m *machine) {
	t.Helper()
	const main = "Save this as `main.tf`:\n\n```terraform\nterraform {\n  required_providers {\n    traceloop = {\n      source = \"traceloop/traceloop\"\n    }\n  }\n}\n```\n\n"
	shell := func(code string) string { return "Text.\n\n```shell\n" + code + "\n```\n" }
	for name, test := range map[string]struct{ page, want string }{
		"nothing wrong":          {main + shell("terraform init\nterraform validate"), ""},
		"a command that fails":   {shell("false\ntrue"), "page:3: exit status 1"},
		"a later block":          {shell("true") + shell("cd nowhere"), "page:8: exit status 1"},
		"a variable that stays":  {shell("export A=b") + shell(`test "$A" = b`), ""},
		"the other terminal's":   {shell("export A=b") + shell("echo export TRACELOOP_MANAGEMENT_API_KEY=x\nsleep 1000") + shell(`test "$A" = b`), "page:14: exit status 1"},
		"an unknown argument":    {strings.Replace(main, "}\n```", "}\n\nresource \"traceloop_project\" \"p\" {\n  nam = \"Orders\"\n}\n```", 1) + shell("terraform init\nterraform validate"), `An argument named "nam" is not expected here`},
		"what it does not print": {shell("echo 200") + "\n```text\n401\n```\n", "page:3: it does not print"},
		"no name of a file":      {"Text.\n\n```terraform\n```\n", "page:3: the line before does not say which file this is"},
		"no reason":              {"<!-- not run -->\n" + shell("false"), "page:1: a block that is not run needs a reason"},
		"no end":                 {"```shell\ntrue\n", "page:1: the block does not end"},
	} {
		blocks, err := parse("page", test.page)
		if err == nil {
			err = m.reader(t).follow(blocks)
		}
		got := ""
		if err != nil {
			got = strings.Join(strings.Fields(err.Error()), " ")
		}
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: it is found as %q, want %q", name, got, test.want)
		}
	}
}
