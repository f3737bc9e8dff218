package snippets

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// completeConfigurations shows that each configuration that somebody may copy whole works in a folder with nothing else: those
// that begin with the provider, and the scenarios, with the modules that they may use. It comes after the README, which has
// installed the provider.
func completeConfigurations(t *testing.T, m *machine) {
	t.Helper()
	var complete []string
	for _, pattern := range []string{"quickstart", "guides/*", "scenarios/*"} {
		folders, err := filepath.Glob(filepath.Join(m.root, "examples", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			code := codeOf(t, folder)
			if strings.Contains(code, "\nimport {") && minor(t, m) < 7 { // an import block with for_each
				continue
			}
			if strings.Contains(folder, "scenarios") && code != "" || strings.Contains(code, `provider "traceloop" {`) {
				complete = append(complete, folder)
			}
		}
	}
	if len(complete) < 7 {
		t.Errorf("only %d complete configurations were found: %q", len(complete), complete)
	}
	for _, folder := range complete {
		r := m.reader(t)
		here := filepath.Join(m.start(), "scenarios", "here")
		if err := os.MkdirAll(here, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(m.start(), "modules"), os.DirFS(filepath.Join(m.root, "examples", "modules"))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(here, "main.tf"), []byte(codeOf(t, folder)), 0o600); err != nil {
			t.Fatal(err)
		}
		r.terminal.cwd = here
		if out, _, err := r.terminal.run(t, "terraform init\nterraform validate\n"); err != nil {
			t.Errorf("%s does not work on its own: %v\n%s", folder, err, out)
		}
	}
}

// codeOf is what a folder configures, without the file for another provider, which cannot be had here.
func codeOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range files {
		if filepath.Base(file) == "aws.tf" {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(content)
		code.WriteString("\n")
	}
	return code.String()
}

// minor is the second number of the version of the CLI.
func minor(t *testing.T, m *machine) int {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(m.dir, "bin", "terraform"), "version")
	command.Env = m.env
	out, err := command.Output()
	found := regexp.MustCompile(`v1\.(\d+)`).FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("the CLI says %q: %v", out, err)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
