// Package dependencies checks what the released binaries link, and that each direct dependency has a reason.
package dependencies

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

const (
	provider = devtool.Module
	emulator = devtool.Module + "/internal/emulator/cmd/traceloop-emulator"
)

// own are the packages of this module that the provider may link: the emulator and the tools are none of them.
var own = []string{
	devtool.Module, devtool.Module + "/internal/contract", devtool.Module + "/internal/provider",
	devtool.Module + "/internal/provider/apikey", devtool.Module + "/internal/provider/base", devtool.Module + "/internal/provider/environment",
	devtool.Module + "/internal/provider/monitor", devtool.Module + "/internal/provider/organization", devtool.Module + "/internal/provider/project",
	devtool.Module + "/internal/servicecheck", devtool.Module + "/internal/traceloop",
}

// linked lists what a main package links on a platform: the modules, and the packages of this module.
func linked(t *testing.T, pkg, goos string) (modules, packages []string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}package {{$.ImportPath}}{{else}}module {{.Path}}{{end}}{{end}}", pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH=amd64")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "package":
			packages = append(packages, name)
		case "module":
			modules = append(modules, name)
		}
	}
	slices.Sort(modules)
	return slices.Compact(modules), packages
}

// listed reads linked.txt: of each module the binaries that may link it.
func listed(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("linked.txt")
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); fields[0] != "#" {
			modules[fields[0]] = strings.Split(fields[2], ",")
		}
	}
	return modules
}

// Each module is attack surface beside an organization's keys, and size: one that comes in has to be put on the list.
func TestLinkedModulesAreListed(t *testing.T) {
	t.Parallel()
	list := listed(t)
	for binary, test := range map[string]struct {
		pkg       string
		platforms []string
	}{
		"provider": {provider, []string{"linux", "darwin", "windows", "freebsd"}},
		"emulator": {emulator, []string{"linux", "darwin", "windows"}},
	} {
		t.Run(binary, func(t *testing.T) {
			t.Parallel()
			var everywhere []string
			for _, goos := range test.platforms {
				modules, _ := linked(t, test.pkg, goos)
				everywhere = append(everywhere, modules...)
			}
			for _, module := range everywhere {
				if !slices.Contains(list[module], binary) {
					t.Errorf("it links %s, which internal/dependencies/linked.txt does not list for it", module)
				}
			}
			for module, binaries := range list {
				if slices.Contains(binaries, binary) && !slices.Contains(everywhere, module) {
					t.Errorf("internal/dependencies/linked.txt lists %s, which it does not link", module)
				}
			}
		})
	}
}

func TestProviderLinksNoEmulator(t *testing.T) {
	t.Parallel()
	if _, packages := linked(t, provider, "linux"); !slices.Equal(slices.Sorted(slices.Values(packages)), own) {
		t.Errorf("the provider links %q of this module, want %q", packages, own)
	}
}

// CONTRIBUTING says of each direct dependency what it is for, and who links it.
func TestDirectDependenciesHaveAReason(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Dependencies\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("CONTRIBUTING.md has no section Dependencies")
	}
	reasons := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z, ]+) \\| .{10,} \\|$").FindAllStringSubmatch(section, -1) {
		reasons[row[1]] = row[2]
	}

	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	list := listed(t)
	var direct []string
	for _, required := range mod.Require {
		if required.Indirect {
			continue
		}
		module := required.Path
		direct = append(direct, module)
		want := "tests and tools"
		if binaries := list[module]; len(binaries) > 0 {
			want = strings.Join(binaries, ", ")
		}
		if reasons[module] != want {
			t.Errorf("CONTRIBUTING.md, \"Dependencies\": %s is said to be linked by %q, want a row with a reason and %q", module, reasons[module], want)
		}
	}
	if len(direct) == 0 {
		t.Error("go.mod has no direct dependency")
	}
	for module := range reasons {
		if !slices.Contains(direct, module) {
			t.Errorf("CONTRIBUTING.md, \"Dependencies\": %s is no direct dependency", module)
		}
	}
}
