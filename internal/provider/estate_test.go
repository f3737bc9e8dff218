package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// parallelisms are one resource at a time and ten; with -short ten alone, as the CLI's default.
func parallelisms() []string {
	if !thorough() {
		return []string{"10"}
	}
	return []string{"1", "10"}
}

// estate is an organization with the project "Orders", and a CLI that works on it.
type estate struct {
	*cli
	server  *emulatortest.Server
	project emulatortest.Project
}

// minutesAgo is the clock of a server whose objects are older than the command that finds them.
func minutesAgo() emulatortest.Option {
	return emulatortest.WithNow(func() time.Time { return time.Now().Add(-3 * time.Minute) })
}

func newEstate(t *testing.T) estate {
	t.Helper()
	t.Parallel()
	server := emulatortest.Start(t, minutesAgo())
	return estate{newCLI(t, server), server, server.CreateProject("Orders")}
}

func wholePlan(t *testing.T, test func(*testing.T, estate)) {
	t.Helper()
	t.Parallel()
	for _, parallelism := range parallelisms() {
		t.Run("parallelism="+parallelism, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t, minutesAgo())
			c := newCLI(t, server)
			for _, command := range []string{"plan", "apply", "destroy"} {
				c.Env = append(c.Env, "TF_CLI_ARGS_"+command+"=-parallelism="+parallelism)
			}
			test(t, estate{c, server, server.CreateProject("Orders")})
		})
	}
}

// key is a resource block for a key of the project.
func (w estate) key(label, environment, arguments string) string {
	return fmt.Sprintf("resource \"traceloop_api_key\" %q {\n  project_id  = %q\n  environment = %q\n  %s\n}\n", label, w.project.ID, environment, arguments)
}

// refuses runs a command line that has to fail and to change nothing: every key stays active, and
// nothing of the state is lost.
func (w estate) refuses(line string, phrases ...string) {
	w.t.Helper()
	has := func() string {
		environments, projects := names(w.server.Environments("")), len(w.server.Projects())
		return fmt.Sprintf("the keys %v, the environments %q and %d projects", w.server.Keys(), environments, projects)
	}
	before := has()
	w.fails(line, phrases...)
	if now := has(); now != before {
		w.t.Errorf("before %s the server had %s, and now %s", line, before, now)
	}
}

// modes are the ways to plan that must lead to the same result; with -short two, one of which differs in all.
// A plan with targets has to name all that a rule compares.
func modes(targets ...string) []string {
	all := []string{"-refresh=false", "-parallelism=1"}
	if len(targets) > 0 {
		all = append(all, "-target="+strings.Join(targets, " -target="))
	}
	if !thorough() {
		all = []string{strings.Join(all, " ")}
	}
	return append(all, "")
}

// refusesInEveryMode is a plan that fails. So does its apply, which plans first.
func (w estate) refusesInEveryMode(targets []string, phrases ...string) {
	w.t.Helper()
	for _, flags := range modes(targets...) {
		w.refuses("plan "+flags, phrases...)
	}
}

func names(environments []emulatortest.Environment) (all []string) {
	for _, e := range environments {
		all = append(all, e.ID+" "+e.Slug)
	}
	return all
}

// active returns the key of the project's environment "prd".
func (w estate) active() emulatortest.APIKey {
	w.t.Helper()
	for _, key := range w.server.Keys() {
		if key.ProjectID == w.project.ID && key.Environment == "prd" {
			return key
		}
	}
	w.t.Error("environment prd has no key")
	return emulatortest.APIKey{}
}

func (w estate) importKey(label string) string {
	return importing("traceloop_api_key."+label, w.project.ID+"/prd")
}

// wrote checks the requests that write, and how they were answered.
func (w estate) wrote(want string) {
	w.t.Helper()
	var writes []string
	for _, request := range w.server.Requests() {
		if request.Method != http.MethodGet {
			writes = append(writes, fmt.Sprint(request.Method, " ", request.Status))
		}
	}
	if got := strings.Join(writes, ", "); got != want {
		w.t.Errorf("the writes are %s, want %s", got, want)
	}
}

func resourceOf(kind, label string, arguments ...string) string {
	return fmt.Sprintf("resource %q %q {\n  %s\n}\n", kind, label, strings.Join(arguments, "\n  "))
}

// block is a resource block that is not protected.
func block(kind, label string, args ...string) string {
	return resourceOf(kind, label, append(args, "deletion_protection = false")...)
}

// The project and its environment of many tests.
var (
	ordersHCL = block(projectKind, "orders", named("Orders"))
	europeHCL = block(environmentKind, "eu", "project_id = traceloop_project.orders.id", named("EU Production"))
)

func named(name string) string { return fmt.Sprintf("name = %q", name) }

func importing(address, id string) string {
	return fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", address, id)
}

// moving is a moved block, and letGo a removed block that destroys nothing.
func moving(from, to string) string {
	return fmt.Sprintf("moved {\n  from = %s\n  to   = %s\n}\n", from, to)
}

func letGo(address string) string {
	return fmt.Sprintf("removed {\n  from = %s\n\n  lifecycle {\n    destroy = false\n  }\n}\n", address)
}

// bothOrders are labels that Terraform plans in either order against the label "m".
var bothOrders = []string{"a", "z"}
