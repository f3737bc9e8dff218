package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// What nothing_lost_test.go says by the protocol, one case of each kind with the real CLI.

func (w estate) importKey(label string) string {
	return importing("traceloop_api_key."+label, w.project.ID+"/prd")
}

func TestCLI_keyIsImportedToASecondAddress(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("old", "prd", ""))
		w.apply()
		key := w.active()
		for _, label := range []string{"a", "zebra"} { // planned before and after the old address
			w.write(w.key(label, "prd", "") + w.importKey(label)) // the old block is gone
			w.refusesToPlanAndApply("Two Resources for One API Key", key.ID, "moved {", "Nothing was changed")
			w.refuses("plan -refresh=false", "Two Resources for One API Key")
			w.write(w.key("old", "prd", "") + w.key(label, "prd", "") + w.importKey(label))
			w.refusesToPlanAndApply("Two Resources for One API Key", key.ID)

			// What only the target knows is not in the plan. Then the state has two addresses, and warns.
			w.write(w.key(label, "prd", "") + w.key("old", "prd", "") + w.importKey(label))
			w.apply("-target=traceloop_api_key." + label)
			w.write(w.key(label, "prd", "") + w.key("old", "prd", ""))
			shows(t, w.plan("-detailed-exitcode"), "Two Resources for One API Key", "state rm")
			shows(t, w.plan("-detailed-exitcode", "-refresh=false"), "Two Resources for One API Key")
			w.write(w.key("old", "prd", ""))
			w.refusesToPlanAndApply("Two Resources for One API Key", "this plan destroys it at one of them", key.ID, "removed {")
			w.write(w.key(label, "prd", ""))
			w.refusesToPlanAndApply("Two Resources for One API Key", key.ID)
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
				shows(t, w.plan(arguments...), "Environment Already Has an API Key", key.MaskedKey, key.ID, "use a moved block")
			}
		}
		w.write(w.key("a", "prd", "") + moving("traceloop_api_key.old", "traceloop_api_key.a"))
		shows(t, w.apply(), "0 added, 0 changed, 0 destroyed")
	})
}

const twoBlocksForOnePlace = `
provider "traceloop" {}

provider "traceloop" {
  alias = "second"
}

resource "traceloop_api_key" "first" {
  project_id       = %[1]q
  environment      = "prd"
  replace_existing = true
}

resource "traceloop_api_key" "second" {
  provider         = traceloop.second
  project_id       = %[1]q
  environment      = "prd"
  replace_existing = true
}
`

func TestCLI_twoProviderBlocksForOnePlace(t *testing.T) {
	t.Parallel()
	for _, parallelism := range []string{"1", "10"} {
		t.Run("parallelism="+parallelism, func(t *testing.T) {
			w := newEstateNow(t)
			w.unattached()
			w.write(fmt.Sprintf(twoBlocksForOnePlace, w.project.ID))
			w.plan("-out=saved")
			w.fails("apply -parallelism="+parallelism+" saved", "Environment Already Has an API Key", "younger than this apply")
			if n := calls(w.server, "DELETE", "/v2/api-keys"); n != 0 {
				t.Errorf("%d keys were revoked", n)
			}
			if n := len(w.server.Keys()); n != 1 {
				t.Errorf("%d keys are active, want one", n)
			}
		})
	}
}

func TestCLI_keysWithoutABlockAreWarnedOfOnce(t *testing.T) {
	w := newEstate(t)
	w.write(w.key("a", "stg", "") + w.key("b", "prd", ""))
	w.apply()
	w.write("")
	for _, arguments := range [][]string{nil, {"-refresh=false"}, {"-destroy"}} {
		out := w.plan(arguments...)
		if n := strings.Count(out, "Warning: API Keys Will Be Revoked"); n != 1 {
			t.Errorf("%v: it warns %d times:\n%s", arguments, n, out)
		}
		shows(t, out, "2 to destroy", "at once")
	}
}

// An unknown value is validated in the apply, after the old key is gone.
func TestCLI_valueTurnsOutBadWhileApplying(t *testing.T) {
	w := newEstate(t)
	w.write(w.key("orders", "prd", ""))
	w.apply()
	gone := w.active()
	w.write("resource \"terraform_data\" \"slug\" {\n  input = \"EU Production\"\n}\n" +
		strings.Replace(w.key("orders", "prd", ""), `"prd"`, "terraform_data.slug.output", 1))
	shows(t, w.plan("-out=saved"), "API Key Will Be Replaced", gone.MaskedKey, "depends_on")
	w.fails("apply saved", "Invalid Environment Slug", "This apply has already revoked the API key", gone.MaskedKey, "environment is not a slug")
	w.write(w.key("orders", "prd", ""))
	w.apply()
	w.plan("-detailed-exitcode")
}

func TestCLI_revocationThatNoPlanNamed(t *testing.T) {
	w := newEstate(t)
	id, key := w.server.GenerateKey(w.project.ID, "prd")
	w.write(fmt.Sprintf("resource \"terraform_data\" \"project\" {\n  input = %q\n}\n", w.project.ID) +
		strings.Replace(w.key("orders", "prd", "replace_existing = true"), fmt.Sprintf("%q", w.project.ID), "terraform_data.project.output", 1))
	hides(t, w.plan(), id)
	shows(t, w.apply(), "Existing API Key Was Revoked", id, traceloop.MaskKey(key))
	if status := w.server.SendSpans(key, 1); status != http.StatusUnauthorized {
		t.Errorf("the revoked key is answered %d", status)
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
			project := strings.Replace(projectHCL("Orders", false), `"orders"`, fmt.Sprintf("%q", label), 1)
			w.write(w.key("orders", "prd", "") + project + importing("traceloop_project."+label, w.project.ID))
			w.apply()
			w.write(w.key("orders", "prd", "")) // without the project
			w.refusesToPlanAndApply("Destroying Takes Along What Is Kept", key.ID, "Nothing was changed", "-refresh=false")
			w.refuses("plan -refresh=false", "Destroying Takes Along What Is Kept", key.ID)
			w.ok("state", "rm", "traceloop_project."+label)

			for _, level := range []string{fmt.Sprintf("%q", w.project.ID), ""} {
				environment := strings.Replace(environmentHCL(level, "EU "+label), `"eu"`, fmt.Sprintf("%q", label), 1)
				inside := w.key("inside", "eu-"+label, "depends_on = [traceloop_environment."+label+"]")
				w.write(w.key("orders", "prd", "") + environment + inside)
				w.apply()
				w.write(w.key("orders", "prd", "") + w.key("inside", "eu-"+label, ""))
				w.refusesToPlanAndApply("Destroying Takes Along What Is Kept", `environment "eu-`+label+`"`)
				w.write(w.key("orders", "prd", "")) // both go
				shows(t, w.apply(), "0 added, 0 changed, 2 destroyed")
			}
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
		w.refusesToPlanAndApply("API Key Would Be Lost", key.MaskedKey, `project "Taken"`, "Nothing was changed", "-refresh=false")
		w.refuses("plan -refresh=false", "API Key Would Be Lost")
		w.refuses("plan -target=traceloop_api_key.k", "API Key Would Be Lost")

		w.write(strings.Replace(taken, "Taken", "Free", 1) + moves)
		shows(t, w.plan(), "API Key Will Be Replaced", key.MaskedKey)
		w.apply()
		w.plan("-detailed-exitcode")
	})
}
