package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// What nothing_lost_test.go says by the protocol, one case of each kind with the real CLI: nothing is destroyed for
// something that cannot follow, and a plan and its apply agree.

func TestCLI_keyIsImportedToASecondAddress(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("old", "prd", ""))
		w.apply()
		key := w.active()
		for _, label := range []string{"a", "zebra"} { // planned before and after the old address
			targets := []string{keyKind + ".old", keyKind + "." + label}
			w.write(w.key(label, "prd", "") + w.importKey(label)) // the old block is gone
			w.refusesInEveryMode(targets, "Two Resources for One API Key", key.ID, "moved {", "Nothing was changed")
			w.write(w.key("old", "prd", "") + w.key(label, "prd", "") + w.importKey(label))
			w.refusesInEveryMode(targets, "Two Resources for One API Key", key.ID)

			// What only the target knows is not in the plan. Then the state has two addresses, and warns.
			w.write(w.key(label, "prd", "") + w.key("old", "prd", "") + w.importKey(label))
			w.apply("-target=traceloop_api_key." + label)
			w.write(w.key(label, "prd", "") + w.key("old", "prd", ""))
			shows(t, w.plan("-detailed-exitcode"), "Two Resources for One API Key", "state rm")
			shows(t, w.plan("-detailed-exitcode", "-refresh=false"), "Two Resources for One API Key")
			w.write(w.key("old", "prd", ""))
			w.refusesInEveryMode(targets, "Two Resources for One API Key", "this plan destroys it at one of them", key.ID, "removed {")
			w.write(w.key(label, "prd", ""))
			w.refuses("plan", "Two Resources for One API Key", key.ID)
			// The block that the message shows does what it says.
			w.write(w.key("old", "prd", "") + base.RemovedBlock("traceloop_api_key", label))
			shows(t, w.apply(), "0 added, 0 changed, 0 destroyed")
			w.write(w.key("old", "prd", ""))
			w.plan("-detailed-exitcode")
		}

		// The block that the message shows does what was meant.
		w.write(w.key("a", "prd", "") + moving("traceloop_api_key.old", "traceloop_api_key.a"))
		shows(t, w.apply(), "0 added, 0 changed, 0 destroyed")
		if w.active().ID != key.ID {
			t.Error("the key is another one")
		}

		// A destroy of all addresses of one object is fine.
		w.write(w.key("a", "prd", "") + w.key("b", "prd", "") + w.importKey("b"))
		w.apply("-target=traceloop_api_key.b")
		shows(t, w.destroy(), "2 destroyed")
	})
}

func TestCLI_newBlockWhereAKeyIsForgotten(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("old", "prd", ""))
		w.apply()
		key := w.active()
		for _, label := range []string{"a", "zebra"} {
			w.write(w.key(label, "prd", "") + letGo("traceloop_api_key.old"))
			for _, arguments := range [][]string{nil, {"-refresh=false"}} {
				shows(t, w.plan(arguments...), "Environment Already Has an API Key", key.MaskedKey, key.ID, "destroy = false lets Terraform forget it", "moved {")
			}
		}
		w.write(w.key("a", "prd", "") + moving("traceloop_api_key.old", "traceloop_api_key.a"))
		shows(t, w.apply(), "0 added, 0 changed, 0 destroyed")
	})
}

func TestCLI_twoProviderBlocksForOnePlace(t *testing.T) {
	t.Parallel()
	for _, parallelism := range parallelisms() {
		server := emulatortest.Start(t)
		w := estate{newCLI(t, server).unattached(), server, server.CreateProject("Orders")}
		w.write("provider \"traceloop\" {}\n\nprovider \"traceloop\" {\n  alias = \"second\"\n}\n" +
			w.key("first", "prd", "replace_existing = true") + w.key("second", "prd", "replace_existing = true\n  provider = traceloop.second"))
		w.plan("-out=saved")
		w.fails("apply -parallelism="+parallelism+" saved", "Environment Already Has an API Key", "younger than this apply")
		if keys := server.Keys(); calls(server, "DELETE", "/v2/api-keys") != 0 || len(keys) != 1 {
			t.Errorf("with -parallelism=%s, one key is revoked, or not one is active: %v", parallelism, keys)
		}
	}
}

func TestCLI_importedKeyWarnsOnce(t *testing.T) {
	w := newEstate(t)
	hcl, keys := "", []string{}
	for _, environment := range []string{"dev", "prd"} {
		_, key := w.server.GenerateKey(w.project.ID, environment)
		keys = append(keys, key)
		hcl += w.key(environment, environment, "") + importing("traceloop_api_key."+environment, w.project.ID+"/"+environment)
	}
	once := func(out, title string) {
		if n := strings.Count(out, "Warning: "+title); n != 1 {
			t.Errorf("it warns %d times of %q:\n%s", n, title, out)
		}
	}
	w.write(hcl)
	out := w.apply()
	once(out, "Imported Key Cannot Be Retrieved")
	shows(t, out, "and one more similar warning elsewhere", "2 imported, 0 added, 0 changed, 0 destroyed")
	hides(t, out, keys...)
	hides(t, w.plan("-detailed-exitcode"), "Warning: Imported Key")

	// So does the plan for keys without a block.
	w.write("")
	for _, arguments := range [][]string{nil, {"-refresh=false"}, {"-destroy"}} {
		out := w.plan(arguments...)
		once(out, "API Keys Will Be Revoked")
		shows(t, out, "2 to destroy", "at once")
	}
}

// applying is a way to carry out a configuration.
type applying struct {
	flags []string
	saved bool // the plan is saved first
}

// waysToApply are the usual one, and all that core does differently; with -short, a saved plan of a target.
func waysToApply() map[string]applying {
	const target = "-target=traceloop_api_key.orders"
	if !thorough() {
		return map[string]applying{"saved, target": {[]string{target}, true}}
	}
	return map[string]applying{
		"usual": {}, "saved": {nil, true}, "target": {[]string{target}, false},
		"-refresh=false": {[]string{"-refresh=false"}, false}, "-parallelism=1": {[]string{"-parallelism=1"}, false},
	}
}

// What a creation revokes, or a replacement has revoked, is named in one message, and a place that is not
// known stands for an unknown value that Terraform learns while it applies.
func TestCLI_whatIsRevokedIsNamed(t *testing.T) {
	t.Parallel()
	const (
		managed, stranger = "MANAGED", "STRANGER" // stand for the masked forms of the two keys
		revoked           = "This apply has already revoked the API key "
		silenced          = "cannot send traces until an apply succeeds"
		replacing         = "replace_existing = true"
		unknown           = "terraform_data.later.output"
	)
	noAnswer := &emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "status", Status: 403, Times: 100}
	later := func(value string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"later\" {\n  input = %q\n}\n", value)
	}
	for name, test := range map[string]struct {
		managed, stranger string // where there is a key; empty: nowhere
		environment, more string // of the new configuration
		value             string // of what the plan does not know
		fault             *emulatortest.Fault
		after             int // which of the requests is the first to fail
		plan              string
		tainted           bool
		refuses, fails    bool
		says              []string
		lost              bool // the stranger's key is revoked
	}{
		"rotation":                   {managed: "prd", environment: `"prd"`, more: "rotation_triggers = { at = 2 }", fault: noAnswer, fails: true, says: []string{revoked + managed, silenced, "403"}},
		"environment turns out bad":  {managed: "prd", environment: unknown, value: "EU Production", plan: "API Key Will Be Replaced", fails: true, says: []string{revoked + managed, silenced, "is not an environment slug", "apply again"}},
		"generation fails":           {stranger: "prd", environment: `"prd"`, more: replacing, fault: noAnswer, after: 1, plan: stranger, fails: true, lost: true, says: []string{revoked + stranger, silenced, "403"}},
		"new key, unknown place":     {stranger: "prd", environment: unknown, value: "prd", more: replacing, lost: true, says: []string{"Existing API Key Was Revoked", stranger, "generated 3 minutes ago"}},
		"replacement, unknown place": {managed: "stg", stranger: "prd", environment: unknown, value: "prd", more: replacing, refuses: true, says: []string{"Rotation Depends on an Unknown Value", managed, "Nothing was changed", "replace_existing = false"}},
		"replacement, perhaps in a new place": {
			managed: "stg", stranger: "prd", environment: unknown, value: "prd", more: replacing + "\n  depends_on = [traceloop_project.another]", plan: "API Key Will Be Replaced", fails: true,
			says: []string{revoked + managed, silenced, stranger, "did not revoke it"},
		},
		"tainted, unknown place":      {managed: "stg", tainted: true, stranger: "prd", environment: unknown, value: "prd", more: replacing, lost: true, says: []string{"Existing API Key Was Revoked", stranger}},
		"replace_existing is unknown": {stranger: "prd", environment: `"prd"`, value: "yes", more: "replace_existing = " + unknown + ` == "yes"`, plan: "not known before apply", lost: true, says: []string{"Existing API Key Was Revoked", stranger}},
	} {
		for way, how := range waysToApply() {
			t.Run(name+", "+way, func(t *testing.T) {
				w := newEstate(t)
				names := strings.NewReplacer()
				if test.managed != "" {
					w.write(w.key("orders", test.managed, "rotation_triggers = { at = 1 }"))
					w.apply()
					names = strings.NewReplacer(managed, w.server.Keys()[0].MaskedKey)
					if test.tainted {
						w.ok("taint", "traceloop_api_key.orders")
					}
				}
				secret := ""
				if test.stranger != "" {
					_, secret = w.server.GenerateKey(w.project.ID, test.stranger)
					names = strings.NewReplacer(stranger, traceloop.MaskKey(secret), managed, w.server.Keys()[0].MaskedKey)
				}
				said := func(out string, phrases ...string) {
					for _, phrase := range phrases {
						shows(t, out, names.Replace(phrase))
					}
				}
				hcl := later(test.value)
				if strings.Contains(test.more, "another") {
					hcl += block(projectKind, "another", named("Another"))
				}
				w.write(hcl + strings.Replace(w.key("orders", "ENV", test.more), `"ENV"`, test.environment, 1))
				if test.refuses {
					line := strings.Join(append([]string{"plan"}, how.flags...), " ")
					w.refuses(line)
					said(w.fails(line), test.says...)
					return
				}
				command := append([]string{"apply", "-auto-approve", "-input=false"}, how.flags...)
				if how.saved {
					said(w.plan(append([]string{"-out=saved"}, how.flags...)...), test.plan)
					command = []string{"apply", "saved"}
				}
				if test.fault != nil {
					fault := *test.fault
					fault.After = test.after
					w.server.SetFaults(fault)
				}
				out, err := w.run(command...)
				w.server.SetFaults()
				if (err != nil) != test.fails {
					t.Errorf("the apply: %v\n%s", err, out)
				}
				said(out, test.says...)
				hides(t, out, "Nothing was changed")
				if n := strings.Count(out, "Error: "); test.fails && n != 1 {
					t.Errorf("there are %d errors, want one that says all:\n%s", n, out)
				}
				if secret != "" && (w.server.SendSpans(secret, 1) == http.StatusUnauthorized) != test.lost {
					t.Errorf("the key that was there is revoked: %t, want %t", !test.lost, test.lost)
				}

				w.write(w.key("orders", "dev", ""))
				w.apply()
				w.plan("-detailed-exitcode")
			})
		}
	}
}

const createFirst = "lifecycle {\n    create_before_destroy = true\n  }"

// With create_before_destroy an environment has no room for the new key. replace_existing makes it: nothing tells the creation of
// a replacement from that of a new key, so it names what it revokes. The old key goes after that, without the warning of a plan.
func TestCLI_createBeforeDestroyNamesWhatItRevokes(t *testing.T) {
	w := newEstate(t)
	triggered := func(at int, rest string) string {
		return w.key("orders", "prd", fmt.Sprintf("rotation_triggers = { at = %d }\n  %s", at, rest))
	}
	w.write(triggered(1, createFirst))
	w.apply()
	w.write(triggered(2, createFirst))
	w.refuses("apply", "Environment Already Has an API Key", "create_before_destroy = true", "remove that")
	w.write(triggered(1, ""))
	shows(t, w.apply(), "0 added, 0 changed, 0 destroyed")

	// The named fix works.
	first := w.active()
	w.write(triggered(2, ""))
	w.server.ResetRequests()
	shows(t, w.apply(), "~ rotation_triggers = { # forces replacement", "1 added, 0 changed, 1 destroyed")
	w.wrote("DELETE 204, POST 201")

	// The creation revokes the old key. Its deletion then finds nothing.
	second := w.active()
	w.write(triggered(3, "replace_existing = true\n  "+createFirst))
	w.server.ResetRequests()
	shows(t, w.apply(), "create replacement and then destroy", "1 added, 0 changed, 1 destroyed")
	w.wrote("POST 409, DELETE 204, POST 201, DELETE 404")
	w.plan("-detailed-exitcode")
	if third := w.active(); first.ID == second.ID || second.ID == third.ID {
		t.Errorf("the keys were %s, %s and %s, want three", first.ID, second.ID, third.ID)
	}

	w.write(w.key("orders", "stg", "replace_existing = true\n  "+createFirst))
	w.plan("-out=saved")
	id, key := w.server.GenerateKey(w.project.ID, "stg")
	out := w.ok("apply", "saved")
	shows(t, out, "Existing API Key Was Revoked", id, traceloop.MaskKey(key), "1 added, 0 changed, 1 destroyed")
	hides(t, out, "API Keys Will Be Revoked")
}

// A project or an environment has no room for its replacement either. Both stay, and the error says why.
func TestCLI_createBeforeDestroyOfAPlaceIsNamed(t *testing.T) {
	w := newEstate(t)
	w.write(block(projectKind, "m", named("Billing"), createFirst) + block(environmentKind, "m", named("EU"), fmt.Sprintf("project_id = %q", w.project.ID), createFirst))
	w.apply()
	for kind, title := range map[string]string{projectKind: "Unable to Create Project", environmentKind: "Environment Already Exists"} {
		w.fails("apply -replace="+kind+".m", title, "create_before_destroy = true }, remove that")
	}
	w.plan("-detailed-exitcode")
}

// One process may serve all runs of a test: the ledger takes no run for another.
func TestCLI_threeRunsOfATest(t *testing.T) {
	w := newEstate(t)
	w.unattached()
	if err := os.CopyFS(w.Dir, os.DirFS("../../examples/modules/llm-service")); err != nil {
		t.Fatal(err)
	}
	runs := `
variables {
  name                = "Three runs"
  deletion_protection = false
}

run "creates" {
  variables {
    environments     = ["dev", "prd"]
    own_environments = ["EU Production"]
  }
}

run "rotates_and_destroys" {
  variables {
    environments     = ["prd"]
    own_environments = ["US Production"]
    rotated          = { prd = "2026-11-24" }
  }
}

run "comes_back" {
  variables {
    environments     = ["dev", "prd"]
    own_environments = ["EU Production"]
    rotated          = { prd = "2026-11-25" }
  }
}
`
	if err := os.WriteFile(filepath.Join(w.Dir, "tests", "three.tftest.hcl"), []byte(runs), 0o600); err != nil {
		t.Fatal(err)
	}
	shows(t, w.ok("test", "-filter=tests/three.tftest.hcl"), "Success! 3 passed, 0 failed")
	if n := len(w.server.Keys()); n != 0 {
		t.Errorf("the test leaves %d keys behind", n)
	}
}

// What holds a key that the plan keeps is not destroyed: the key names it by a literal.
func TestCLI_whatHoldsAKeyGoes(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("orders", "prd", ""))
		w.apply()
		key := w.active()
		for _, label := range []string{"a", "zebra"} { // planned before and after the key
			project := block(projectKind, label, named("Orders"))
			w.write(w.key("orders", "prd", "") + project + importing("traceloop_project."+label, w.project.ID))
			w.apply()
			w.write(w.key("orders", "prd", "")) // without the project
			w.refusesInEveryMode([]string{keyKind + ".orders", projectKind + "." + label}, "Destroying Takes Along What Is Kept", "also destroys the API key", key.ID, "Nothing was changed", "-refresh=false")
			w.ok("state", "rm", "traceloop_project."+label)

			environment := block(environmentKind, label, named("EU "+label), fmt.Sprintf("project_id = %q", w.project.ID))
			w.write(w.key("orders", "prd", "") + environment + w.key("inside", "eu-"+label, "depends_on = [traceloop_environment."+label+"]"))
			w.apply()
			w.write(w.key("orders", "prd", "") + w.key("inside", "eu-"+label, ""))
			w.refusesInEveryMode([]string{keyKind + ".inside", environmentKind + "." + label}, "Destroying Takes Along What Is Kept", `environment "eu-`+label+`"`)
			w.write(w.key("orders", "prd", "")) // both go
			shows(t, w.apply(), "0 added, 0 changed, 2 destroyed")
		}
		if w.active().ID != key.ID {
			t.Error("the key is another one")
		}
	})
}

// A running key does not move to a project that the plan will probably not create.
func TestCLI_keyMovesToAProjectWhoseNameIsTaken(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.server.CreateProject("Taken")
		w.write(w.key("k", "prd", ""))
		w.apply()
		key := w.active()
		taken := resourceOf(projectKind, "b", named("Taken"))
		moves := strings.Replace(w.key("k", "prd", ""), fmt.Sprintf("%q", w.project.ID), "traceloop_project.b.id", 1)
		w.write(taken + moves)
		w.refusesInEveryMode([]string{keyKind + ".k"}, "API Key Would Be Lost", key.MaskedKey, `project "Taken"`, "Nothing was changed", "-refresh=false")

		w.write(strings.Replace(taken, "Taken", "Free", 1) + moves)
		shows(t, w.plan(), "API Key Will Be Replaced", key.MaskedKey)
		w.server.SetFaults(emulatortest.Fault{Method: "POST", Path: "/v2/projects", Kind: "status", Status: 403})
		w.fails("apply -auto-approve", "Unable to Create Project", "already revoked the API key "+key.MaskedKey, "until an apply succeeds")
		w.apply()
		w.plan("-detailed-exitcode")
	})
}

// A key is not replaced while its project gets a name that is taken: Terraform would generate no other one.
func TestCLI_keyIsReplacedInAProjectThatGetsATakenName(t *testing.T) {
	wholePlan(t, func(_ *testing.T, w estate) {
		w.server.CreateProject("Taken")
		config := func(name, rotated string) string {
			key := w.key("k", "prd", fmt.Sprintf("rotation_triggers = { rotated = %q }", rotated))
			return resourceOf(projectKind, "p", named(name)) + strings.Replace(key, fmt.Sprintf("%q", w.project.ID), "traceloop_project.p.id", 1)
		}
		w.write(config("Bills", "1"))
		w.apply()
		key := w.server.Keys()[0]
		w.write(config("Taken", "2"))
		w.refusesInEveryMode([]string{keyKind + ".k"}, "API Key Would Be Lost", key.MaskedKey, `project "Taken"`, "Nothing was changed", "-refresh=false")
		w.write(config("Taken", "1"))
		w.refuses("plan -replace="+keyKind+".k", "API Key Would Be Lost", key.MaskedKey)
		w.ok("taint", keyKind+".k")
		w.refuses("plan", "API Key Would Be Lost", key.MaskedKey)
		w.write(config("Free", "2"))
		w.apply()
	})
}

// Terraform creates nothing that refers to a block of which one instance failed: what is replaced in the other
// instances would have no successor.
func TestCLI_keysAreReplacedWhileANewProjectGetsATakenName(t *testing.T) {
	wholePlan(t, func(_ *testing.T, w estate) {
		w.server.CreateProject("Taken")
		config := func(names, rotated string) string {
			return fmt.Sprintf(`
resource "traceloop_project" "all" {
  for_each = toset([%s])
  name     = each.key
}

resource "traceloop_api_key" "all" {
  for_each          = traceloop_project.all
  project_id        = each.value.id
  environment       = "prd"
  rotation_triggers = { rotated = %q }
}
`, names, rotated)
		}
		w.write(config(`"Bills", "Refunds"`, "1"))
		w.apply()
		w.write(config(`"Bills", "Refunds", "Taken"`, "2"))
		w.refusesInEveryMode([]string{keyKind + ".all"}, "API Key Would Be Lost", w.server.Keys()[0].MaskedKey, `project "Taken"`, "another instance of its block", "-refresh=false")
		w.write(config(`"Bills", "Refunds", "Free"`, "2"))
		shows(w.t, w.apply(), "4 added, 0 changed, 2 destroyed")
	})
}

// An object may be forgotten at one address and imported to another one in the same plan.
func TestCLI_forgottenAndImported(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		environment := w.server.CreateEnvironment("", "Load test")
		key, _ := w.server.GenerateKey(w.project.ID, "prd")
		for _, object := range []struct {
			kind, id string
			block    func(label string) string
		}{
			{projectKind, w.project.ID, func(label string) string { return resourceOf(projectKind, label, named("Orders")) }},
			{environmentKind, environment.ID, func(label string) string { return resourceOf(environmentKind, label, named("Load test")) }},
			{keyKind, w.project.ID + "/prd", func(label string) string { return w.key(label, "prd", "") }},
		} {
			w.write(object.block("m") + importing(object.kind+".m", object.id))
			w.apply()
			from := "m"
			for _, to := range bothOrders {
				w.write(object.block(to) + importing(object.kind+"."+to, object.id) + base.RemovedBlock(object.kind, from))
				shows(t, w.apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
				w.plan("-detailed-exitcode")
				from = to
			}
			w.ok("state", "rm", object.kind+"."+from)
		}
		if w.active().ID != key {
			t.Error("the key is another one")
		}
	})
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
		shows(t, w.ok("plan", "-refresh-only"), "API Key No Longer Found", fresh, "rotated it outside Terraform", "terraform state rm ADDRESS", "import {")

		// The way that the message shows: the state still has the old key, and Terraform imports nothing to its address.
		w.ok("state", "rm", "traceloop_api_key.orders")
		w.write(w.key("orders", "prd", fmt.Sprintf("existing_key_wo = %q", secret)) + w.importKey("orders"))
		shows(t, w.apply(), "1 imported, 0 added, 1 changed, 0 destroyed")
		w.server.RevokeKey(fresh)
		fresh, secret = w.server.GenerateKey(w.project.ID, "prd")

		// The rest of the configuration is applied.
		w.write(w.key("orders", "prd", "") + w.key("other", "stg", ""))
		shows(t, w.plan(), "Environment Already Has an API Key", fresh, "Apply refuses this key alone", "import {")
		w.fails("apply", "Environment Already Has an API Key", fresh, "import {", "traceloop_api_key.other: Creation complete")
		if key := w.active(); key.ID != fresh {
			t.Errorf("the key is %s now, want %s", key.ID, fresh)
		}
		w.write(w.key("orders", "prd", ""))

		// The error of the apply shows the same way. The state has lost the old key by then.
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
