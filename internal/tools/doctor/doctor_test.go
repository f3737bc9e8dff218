// Package doctor tests doctor.sh, which says what a machine lacks.
package doctor

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs the script on a machine that has these programs and no others. "go" is a version.
func run(t *testing.T, port string, programs map[string]string, env ...string) (output string, ok bool) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, tool := range []string{"bash", "dirname"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	for program, says := range programs {
		script := fmt.Sprintf("#!%s\necho %s\n", bash, says)
		if err := os.WriteFile(filepath.Join(bin, program), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), bash, "doctor.sh", port)
	command.Env = append([]string{"PATH=" + bin}, env...)
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, taken, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	const free = "1" // nobody listens there without being root
	all := map[string]string{"go": "go1.99.1", "git": "", "curl": "", "terraform": "", "chromium": "", "gcc": ""}
	without := func(name string) map[string]string {
		rest := map[string]string{}
		for program, says := range all {
			if program != name {
				rest[program] = says
			}
		}
		return rest
	}
	old := without("")
	old["go"] = "go1.2.3"

	for name, test := range map[string]struct {
		programs map[string]string
		port     string
		env      []string
		ok       bool
		says     string
	}{
		"everything is there":              {all, free, nil, true, "Everything that is needed is there."},
		"Go is missing":                    {without("go"), free, nil, false, "MISSING  Go 1."},
		"Go is too old":                    {old, free, nil, false, "this is 1.2.3; install a newer one"},
		"git is missing":                   {without("git"), free, nil, false, "MISSING  git"},
		"curl is missing":                  {without("curl"), free, nil, false, "MISSING  curl"},
		"the CLI of a variable is not it":  {all, free, []string{"TF_ACC_TERRAFORM_PATH=/no/such/tofu"}, false, "/no/such/tofu cannot be run"},
		"Chromium can be done without":     {without("chromium"), free, nil, true, "optional Chromium"},
		"a C compiler can be done without": {without("gcc"), free, nil, true, "optional a C compiler"},
		"the port is taken":                {all, taken, nil, true, "optional port " + taken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, ok := run(t, test.port, test.programs, test.env...)
			if ok != test.ok || !strings.Contains(out, test.says) {
				t.Errorf("it succeeds: %t, want %t and %q:\n%s", ok, test.ok, test.says, out)
			}
			if problems := strings.Count(out, "MISSING") + strings.Count(out, "optional"); test.says != "Everything that is needed is there." && problems != 1 {
				t.Errorf("it names %d problems, want one:\n%s", problems, out)
			}
		})
	}
	t.Run("no CLI", func(t *testing.T) {
		t.Parallel()
		out, ok := run(t, free, without("terraform"))
		// An OpenTofu that was built before is one.
		if !ok || !strings.Contains(out, "optional terraform or tofu") && !strings.Contains(out, "OpenTofu in .cache/bin") {
			t.Errorf("it succeeds: %t:\n%s", ok, out)
		}
	})
}
