package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// These tests judge a plan as a whole: nothing is destroyed for something that cannot follow,
// and a plan and its apply agree.

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

// A place has one resource: beside one of the state, and of two new ones.
func TestCLI_newKeyInThePlaceOfAManagedOne(t *testing.T) {
	wholePlan(t, func(_ *testing.T, w estate) {
		w.write(w.key("kept", "prd", ""))
		w.apply()
		managed := w.active()
		for _, label := range []string{"another", "zebra"} { // planned before and after "kept"
			w.write(w.key("kept", "prd", "") + w.key(label, "prd", "replace_existing = true"))
			w.refuses("plan", "Two Resources for One API Key", managed.ID)
		}
		w.write(w.key("kept", "prd", ""))
		w.destroy()
		w.server.ResetRequests()

		w.write(w.key("a", "prd", "replace_existing = true") + w.key("b", "prd", "replace_existing = true"))
		w.refuses("plan", "Two Resources for One API Key")

		// Where the place is not known before apply, the second one fails, and the first keeps its key.
		unknown := "resource \"terraform_data\" \"project\" {\n  input = \"" + w.project.ID + "\"\n}\n"
		keys := strings.ReplaceAll(w.key("a", "prd", "replace_existing = true")+w.key("b", "prd", "replace_existing = true"), `"`+w.project.ID+`"`, "terraform_data.project.output")
		w.write(unknown + keys)
		w.fails("apply", "Two Resources for One API Key")
		if n := len(w.server.Keys()); n != 1 {
			t.Errorf("%d keys are active, want the first one", n)
		}
		if n := calls(w.server, "DELETE", "/v2/api-keys"); n != 0 {
			t.Errorf("%d keys were revoked", n)
		}
	})
}

// Keys that change places are refused, or change them all.
func TestCLI_keysShiftAndSwap(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		writes := func(slugs string, replaces bool) {
			environments := strings.ReplaceAll(fmt.Sprintf("%q", strings.Fields(slugs)), " ", ", ")
			w.write(resourceOf(keyKind, "all", "count = length("+environments+")", fmt.Sprintf("project_id = %q", w.project.ID), "environment = "+environments+"[count.index]", fmt.Sprintf("replace_existing = %t", replaces)))
		}
		writes("dev stg prd", false)
		w.apply()
		for _, slugs := range []string{"stg prd", "stg dev prd", "prd dev stg"} { // the first goes, two swap, one comes
			writes(slugs, false)
			w.refuses("plan", "Nothing was changed")
		}
		for _, slugs := range []string{"stg dev prd", "prd stg dev", "stg dev"} {
			writes(slugs, true)
			w.apply()
			w.plan("-detailed-exitcode")
		}
		if n := len(w.server.Keys()); n != 2 {
			t.Errorf("%d keys are active in the end, want 2", n)
		}
	})
}

// What the configuration wants never blocks a destroy.
func TestCLI_destroyWithAConfigurationThatCannotBe(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		managed := w.key("kept", "prd", "") + block(environmentKind, "eu", fmt.Sprintf("project_id = %q", w.project.ID), named("EU"))
		w.server.GenerateKey(w.project.ID, "stg")
		wrong := w.key("a", "nowhere", "") + strings.ReplaceAll(w.key("b", "prd", ""), w.project.ID, "nobody") + w.key("c", "stg", "")
		for _, saved := range []bool{false, true} {
			w.write(managed)
			w.apply()
			w.write(managed + wrong)
			shows(t, w.plan(), "Unknown Environment", "Unknown Project", "Environment Already Has an API Key")
			if saved {
				w.plan("-destroy", "-out=saved")
				shows(t, w.ok("apply", "saved"), "2 destroyed")
			} else {
				shows(t, w.destroy(), "2 destroyed")
			}
		}
		// What breaks the rule of the ledger stops the usual plan before a destroy, and says what helps.
		w.write(managed)
		w.apply()
		w.write(managed + w.key("wrong", "prd", "replace_existing = true"))
		w.refuses("destroy", "Two Resources for One API Key", "-refresh=false")
		shows(t, w.ok("destroy", "-auto-approve", "-input=false", "-refresh=false"), "2 destroyed")
	})
}

func TestCLI_keyRotatedByHand(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("orders", "prd", ""))
		w.apply()
		old := w.active()
		w.server.RevokeKey(old.ID)
		fresh, secret := w.server.GenerateKey(w.project.ID, "prd")
		shows(t, w.ok("plan", "-refresh-only"), "API Key No Longer Found", fresh, "rotated it outside Terraform", "import {")

		// The rest of the configuration is applied.
		w.write(w.key("orders", "prd", "") + w.key("other", "stg", ""))
		shows(t, w.plan(), "Environment Already Has an API Key", fresh, "Apply refuses this key alone", "import {")
		w.fails("apply", "Environment Already Has an API Key", fresh, "import {", "traceloop_api_key.other: Creation complete")
		if key := w.active(); key.ID != fresh {
			t.Errorf("the key is %s now, want %s", key.ID, fresh)
		}
		w.write(w.key("orders", "prd", ""))

		// The way that the message shows.
		w.write(w.key("orders", "prd", fmt.Sprintf("existing_key_wo = %q", secret)) + w.key("other", "stg", "") + w.importKey("orders"))
		shows(t, w.apply(), "1 imported, 0 added, 1 changed, 0 destroyed")
		w.plan("-detailed-exitcode")

		// With replace_existing, apply does not refuse.
		w.write(w.key("orders", "prd", "replace_existing = true"))
		w.apply()
		w.server.RevokeKey(w.active().ID)
		fresh, _ = w.server.GenerateKey(w.project.ID, "prd")
		out := w.plan()
		shows(t, out, "API Key No Longer Found", fresh, "With replace_existing = true, apply revokes that key")
		hides(t, out, "refuses this key alone")
	})
}
