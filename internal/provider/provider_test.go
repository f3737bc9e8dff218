package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// TestMain gives every test the same surroundings, whatever the shell it is started
// from has set: the CLI at hand, and none of the practitioner's own settings.
func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "TRACELOOP_") || strings.HasPrefix(name, "TF_") {
			if err := os.Unsetenv(name); err != nil {
				return 0, err
			}
		}
	}
	for _, name := range []string{"terraform", "tofu"} {
		if found, err := exec.LookPath(name); cli == "" && err == nil {
			cli = found
		}
	}
	if cli == "" {
		return 0, fmt.Errorf("neither terraform nor tofu is on the PATH: \"make test\" builds one, or set TF_ACC_TERRAFORM_PATH")
	}
	version, err := exec.Command(cli, "version").Output()
	if err != nil {
		return 0, fmt.Errorf("%s version: %w", cli, err)
	}
	host := "registry.terraform.io"
	if strings.HasPrefix(string(version), "OpenTofu") {
		host = "registry.opentofu.org"
	}

	dir, err := os.MkdirTemp("", "provider-test")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	cliConfig := filepath.Join(dir, "cli.tfrc")
	if err := os.WriteFile(cliConfig, nil, 0o600); err != nil {
		return 0, err
	}
	for name, value := range map[string]string{
		"TF_ACC":                    "1",
		"TF_ACC_TERRAFORM_PATH":     cli,
		"TF_ACC_PROVIDER_HOST":      host,
		"TF_ACC_PROVIDER_NAMESPACE": "traceloop",
		"TF_CLI_CONFIG_FILE":        cliConfig,
		"CHECKPOINT_DISABLE":        "1",
		// Two thirds of what a command costs: keys and certificates between the CLI and a provider
		// that is started anew for each walk, and the collection of garbage in processes that end at once.
		"TF_DISABLE_PLUGIN_TLS": "1",
		"GOGC":                  "400",
	} {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	testDir = dir
	debug.SetGCPercent(400)
	return m.Run(), nil
}

// thorough is false with -short, as "make test" runs: it leaves out repetitions, and no case.
func thorough() bool { return !testing.Short() }

// testDir is removed after the tests.
var testDir string

func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"traceloop": provider.NewServer(time.Now),
	}
}

// configured prepends a provider block for the server.
func configured(server *emulatortest.Server, hcl string) string {
	return fmt.Sprintf("provider \"traceloop\" {\n  base_url = %q\n  api_key  = %q\n}\n\n", server.URL, server.ManagementKey) + hcl
}

// says matches a diagnostic that holds all of the phrases, in this order, however the
// CLI wraps its lines.
func says(phrases ...string) *regexp.Regexp {
	space := regexp.MustCompile(`\s+`)
	for i, phrase := range phrases {
		words := space.Split(strings.TrimSpace(phrase), -1)
		for j, word := range words {
			words[j] = regexp.QuoteMeta(word)
		}
		phrases[i] = strings.Join(words, `[\s│]+`)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(phrases, `.*`))
}

// calls counts recorded requests by method and path prefix.
func calls(server *emulatortest.Server, method, path string) int {
	n := 0
	for _, request := range server.Requests() {
		if request.Method == method && strings.HasPrefix(request.Path, path) {
			n++
		}
	}
	return n
}

// writes counts recorded requests that change something.
func writes(server *emulatortest.Server) int {
	return calls(server, "POST", "/v2/") + calls(server, "PUT", "/v2/") + calls(server, "PATCH", "/v2/") + calls(server, "DELETE", "/v2/")
}

// noWrites checks that a refused configuration changed nothing.
func noWrites(t *testing.T, server *emulatortest.Server) {
	t.Helper()
	if n := writes(server); n != 0 {
		t.Errorf("%d requests that write were sent, want none: %v", n, server.Requests())
	}
}

// refused is a test of a configuration that a plan must refuse, and that must change nothing.
func refused(t *testing.T, server *emulatortest.Server, hcl string, phrases ...string) {
	t.Helper()
	fails(t, configured(server, hcl), []string{server.ManagementKey}, phrases...)
	noWrites(t, server)
}

// fails is a test of a configuration whose plan must fail, with the phrases and none of the
// secrets. It runs one command; the testing framework would run five.
func fails(t *testing.T, hcl string, secrets []string, phrases ...string) {
	t.Helper()
	c := bareCLI(t)
	c.write(hcl)
	out, err := c.run("plan", "-input=false")
	if err == nil {
		t.Fatalf("the plan succeeds, want an error:\n%s", out)
	}
	if !says(phrases...).MatchString(out) {
		t.Errorf("the error does not say %q:\n%s", phrases, out)
	}
	hides(t, out, secrets...)
}

// attribute checks one attribute's exact value in the state.
func attribute(address, name, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.StringExact(value))
}

// isNull checks that an attribute is null in the state.
func isNull(address, name string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.Null())
}

// planned checks the action that a plan has for a resource.
func planned(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}
