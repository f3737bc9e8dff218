package provider_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
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

// newEstateNow has a server whose clock is right.
func newEstateNow(t *testing.T) estate {
	t.Helper()
	server := emulatortest.Start(t)
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

// refuses runs a command that has to fail and to change nothing: every key stays active, and
// nothing of the state is lost.
func (w estate) refuses(args []string, phrases ...string) {
	w.t.Helper()
	keys, environments, projects := w.server.Keys(), w.server.Environments(""), w.server.Projects()
	out, err := w.run(args...)
	if err == nil {
		w.t.Errorf("%v succeeded:\n%s", args, out)
	}
	shows(w.t, out, phrases...)
	if now := w.server.Keys(); fmt.Sprint(now) != fmt.Sprint(keys) {
		w.t.Errorf("%v changed the keys from %v to %v", args, keys, now)
	}
	if now := w.server.Environments(""); fmt.Sprint(names(now)) != fmt.Sprint(names(environments)) {
		w.t.Errorf("%v changed the environments from %v to %v", args, names(environments), names(now))
	}
	if now := w.server.Projects(); len(now) != len(projects) {
		w.t.Errorf("%v changed the projects from %v to %v", args, projects, now)
	}
}

// refusesKeyAlone is a plan that warns, and an apply that fails and changes nothing but "rest".
func (w estate) refusesKeyAlone(phrases ...string) {
	w.t.Helper()
	out := w.plan()
	shows(w.t, out, phrases...)
	shows(w.t, out, "Apply refuses this key alone")
	w.refuses([]string{"apply", "-auto-approve", "-input=false"}, phrases...)
}

// refusesToPlanAndApply also takes the plan and the apply for one.
func (w estate) refusesToPlanAndApply(phrases ...string) {
	w.t.Helper()
	w.refuses([]string{"plan", "-input=false"}, phrases...)
	w.refuses([]string{"apply", "-auto-approve", "-input=false"}, phrases...)
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

func TestCLI_keyMovesToAnOccupiedPlace(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("orders", "prd", ""))
		w.apply()
		stranger, secret := w.server.GenerateKey(w.project.ID, "stg")

		w.write(w.key("orders", "stg", ""))
		w.refusesToPlanAndApply("Environment Already Has an API Key", stranger, "Nothing was changed")
		w.write(w.key("orders", "stg", "lifecycle {\n    create_before_destroy = true\n  }"))
		w.refusesToPlanAndApply("Environment Already Has an API Key", stranger)
		if status := w.server.SendSpans(secret, 1); status != http.StatusOK {
			t.Errorf("the stranger's key is answered %d", status)
		}
		w.write(w.key("orders", "prd", ""))
		w.plan("-detailed-exitcode")
		w.destroy()
	})
}

// What happens between the plan and its apply, the apply sees before it revokes.
func TestCLI_placeIsTakenBetweenPlanAndApply(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("orders", "prd", ""))
		w.apply()
		w.write(w.key("orders", "stg", "replace_existing = true"))
		shows(t, w.plan("-out=saved"), "1 to add, 0 to change, 1 to destroy")
		stranger, _ := w.server.GenerateKey(w.project.ID, "stg")
		w.refuses([]string{"apply", "saved"}, "API Key Appeared After the Plan", stranger, "Nothing was changed")

		// The refused replacement is not in the way of another wish.
		w.destroy()
		w.server.RevokeKey(stranger)
		w.write(w.key("orders", "prd", ""))
		w.apply()
		w.write(w.key("orders", "stg", ""))
		w.plan("-out=saved")
		stranger, _ = w.server.GenerateKey(w.project.ID, "stg")
		w.refuses([]string{"apply", "saved"}, "API Key Appeared After the Plan", stranger, "Nothing was changed")

		w.server.RevokeKey(stranger)
		w.apply()
		w.plan("-detailed-exitcode")
		w.destroy()
	})
}

func TestCLI_keyMovesAndReplacesWhatThePlanNames(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("orders", "prd", ""))
		w.apply()
		stranger, secret := w.server.GenerateKey(w.project.ID, "stg")
		w.write(w.key("orders", "stg", "replace_existing = true"))
		shows(t, w.plan(), "Existing API Key Will Be Revoked", stranger)
		w.apply()
		if status := w.server.SendSpans(secret, 1); status != http.StatusUnauthorized {
			t.Errorf("the stranger's key is answered %d", status)
		}
		w.plan("-detailed-exitcode")
		w.destroy()
	})
}

func TestCLI_newKeyInAnOccupiedPlace(t *testing.T) {
	wholePlan(t, func(_ *testing.T, w estate) {
		w.unattached()
		stranger, _ := w.server.GenerateKey(w.project.ID, "prd")
		w.write(w.key("orders", "prd", ""))
		w.refusesKeyAlone("Environment Already Has an API Key", stranger)

		// A project of the state, which the plan knows without a look at its keys.
		imported := fmt.Sprintf("import {\n  to = traceloop_project.orders\n  id = %q\n}\n", w.project.ID)
		w.write(projectHCL("Orders", false) + imported)
		w.apply()
		w.write(projectHCL("Orders", false) + keyHCL("traceloop_project.orders.id", "prd", "null"))
		w.refusesKeyAlone("Environment Already Has an API Key", stranger)
	})
}

func TestCLI_newKeyInThePlaceOfAManagedOne(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("kept", "prd", ""))
		w.apply()
		managed := w.active()
		for _, label := range []string{"another", "zebra"} { // planned before and after "kept"
			w.write(w.key("kept", "prd", "") + w.key(label, "prd", "replace_existing = true"))
			w.refusesToPlanAndApply("Two Resources for One API Key")
			out, _ := w.run("plan", "-input=false")
			shows(t, out, managed.ID)
		}
		w.write(w.key("kept", "prd", ""))
		w.plan("-detailed-exitcode")
	})
}

func TestCLI_twoNewKeysForOnePlace(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("a", "prd", "replace_existing = true") + w.key("b", "prd", "replace_existing = true"))
		w.refusesToPlanAndApply("Two Resources for One API Key")
		if keys := w.server.Keys(); len(keys) != 0 {
			t.Errorf("keys were generated: %v", keys)
		}

		// Where the place is not known before apply, the second one fails, and the first keeps its key.
		unknown := "resource \"terraform_data\" \"project\" {\n  input = \"" + w.project.ID + "\"\n}\n"
		keys := strings.ReplaceAll(w.key("a", "prd", "replace_existing = true")+w.key("b", "prd", "replace_existing = true"), `"`+w.project.ID+`"`, "terraform_data.project.output")
		w.write(unknown + keys)
		out, err := w.run("apply", "-auto-approve", "-input=false")
		if err == nil {
			t.Errorf("the apply succeeded:\n%s", out)
		}
		shows(t, out, "Two Resources for One API Key")
		if n := len(w.server.Keys()); n != 1 {
			t.Errorf("%d keys are active, want the first one", n)
		}
		if n := calls(w.server, "DELETE", "/v2/api-keys"); n != 0 {
			t.Errorf("%d keys were revoked", n)
		}
	})
}

const shifting = `
variable "environments" {
  type = list(string)
}

variable "replace_existing" {
  type    = bool
  default = false
}

resource "traceloop_api_key" "all" {
  count            = length(var.environments)
  project_id       = %q
  environment      = var.environments[count.index]
  replace_existing = var.replace_existing
}
`

// Keys that change places are refused, or change them all.
func TestCLI_keysShiftAndSwap(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(fmt.Sprintf(shifting, w.project.ID))
		environments := func(slugs ...string) string { return `-var=environments=["` + strings.Join(slugs, `","`) + `"]` }
		replacing := "-var=replace_existing=true"
		w.apply(environments("dev", "stg", "prd"))
		for name, args := range map[string]string{
			"the first goes": environments("stg", "prd"),
			"two swap":       environments("stg", "dev", "prd"),
			"one comes":      environments("prd", "dev", "stg"),
		} {
			t.Run(name, func(*testing.T) {
				w.refuses([]string{"plan", "-input=false", args}, "Nothing was changed")
				w.refuses([]string{"apply", "-auto-approve", "-input=false", args})
			})
		}
		w.apply(environments("dev", "stg", "prd"), replacing)
		for _, args := range []string{environments("stg", "dev", "prd"), environments("prd", "stg", "dev"), environments("stg", "dev")} {
			w.apply(args, replacing)
			w.plan("-detailed-exitcode", args, replacing)
		}
		if n := len(w.server.Keys()); n != 2 {
			t.Errorf("%d keys are active in the end, want 2", n)
		}
	})
}

func TestCLI_environmentReplacedWhereTheSlugIsTaken(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.unattached()
		project := fmt.Sprintf("%q", w.project.ID)
		w.write(environmentHCL(project, "EU", false))
		w.apply()
		other := w.server.CreateProject("Billing")
		w.server.CreateEnvironment(other.ID, "EU")
		w.server.CreateEnvironment(w.project.ID, "US")

		w.write(environmentHCL("", "EU", false)) // for all projects, of which one has it
		w.refusesToPlanAndApply("Environment Already Exists", other.ID, "Nothing was changed", "traceloop_environment.eu")
		w.write(environmentHCL(project, "US", false))
		w.refusesToPlanAndApply("Environment Already Exists", "Nothing was changed", "traceloop_environment.eu")
		w.write(environmentHCL(fmt.Sprintf("%q", other.ID), "EU", false))
		w.refusesToPlanAndApply("Environment Already Exists", "Nothing was changed")

		// What happens after the plan, the apply sees before it deletes.
		w.write(environmentHCL(project, "Asia", false))
		w.plan("-out=saved")
		asia := w.server.CreateEnvironment(w.project.ID, "Asia")
		w.refuses([]string{"apply", "saved"}, "Environment Already Exists", "Nothing was changed")
		w.refuses([]string{"destroy", "-auto-approve", "-input=false"}, "Environment Already Exists", "-refresh=false")
		w.ok("destroy", "-refresh=false", "-auto-approve", "-input=false")
		w.server.DeleteEnvironment(asia.ID)
		w.apply()

		// Its own slug is not in its way.
		w.write(environmentHCL("", "Asia", false))
		shows(t, w.apply(), "1 added, 0 changed, 1 destroyed")
		w.plan("-detailed-exitcode")
		w.destroy()
	})
}

func TestCLI_projectReplacedWhereTheNameIsTaken(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(projectHCL("Billing", false))
		w.apply()
		w.write(projectHCL("Orders", false)) // the project that is there
		w.refuses([]string{"plan", "-input=false", "-replace=traceloop_project.orders"}, "Unable to Replace Project", w.project.ID, "Nothing was changed")
		w.refuses([]string{"apply", "-auto-approve", "-input=false", "-replace=traceloop_project.orders"}, "Unable to Replace Project")

		w.write(projectHCL("Search", false))
		w.plan("-out=saved", "-replace=traceloop_project.orders")
		search := w.server.CreateProject("Search")
		w.refuses([]string{"apply", "saved"}, "Unable to Replace Project", search.ID, "Nothing was changed")
		w.destroy()
		w.server.DeleteProject(search.ID)
		w.apply()
		shows(t, w.apply("-replace=traceloop_project.orders"), "1 added, 0 changed, 1 destroyed")
		w.destroy()
	})
}

// An unknown name is nobody's.
func TestCLI_unknownNamesOfProtectedProjects(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(projectHCL("Orders 1", true))
		w.apply()
		unknown := "resource \"terraform_data\" \"name\" {\n  input = \"%s\"\n}\n"
		w.write(fmt.Sprintf(unknown, "2") + `
resource "traceloop_project" "orders" {
  name = "Orders ${terraform_data.name.output}"
}
resource "traceloop_project" "billing" {
  name                = "Billing ${terraform_data.name.output}"
  deletion_protection = false
}
`)
		hides(t, w.plan(), "Deletion Protection")
		w.apply()
		w.plan("-detailed-exitcode")
		w.refuses([]string{"plan", "-input=false", "-replace=traceloop_project.orders"}, "Deletion Protection Is On", "Orders 2")
	})
}

func TestCLI_projectGoesUnderAProtectedEnvironment(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		adopted := fmt.Sprintf("import {\n  to = traceloop_project.orders\n  id = %q\n}\n", w.project.ID)
		for _, label := range []string{"a", "zebra"} { // planned before and after the project
			environment := fmt.Sprintf("resource \"traceloop_environment\" %q {\n  project_id = %q\n  name       = \"EU %s\"\n}\n", label, w.project.ID, label)
			w.write(projectHCL("Orders", false) + adopted + environment)
			w.apply()
			w.write(environment)
			w.refusesToPlanAndApply("Destroying Takes Along What Is Kept", `project "Orders"`, `environment "EU `+label+`"`)
			w.write(environment + "removed {\n  from = traceloop_project.orders\n  lifecycle {\n    destroy = false\n  }\n}\n")
			w.apply()
			w.write(fmt.Sprintf("removed {\n  from = traceloop_environment.%s\n  lifecycle {\n    destroy = false\n  }\n}\n", label))
			w.apply()
		}

		// One that is not in this state goes with a warning that names it.
		w.write(projectHCL("Orders", false) + adopted)
		w.apply()
		shows(t, w.plan("-destroy"), "Destroying Is Irreversible", `"EU a"`, `"EU zebra"`)
		w.destroy()
	})
}

// A rotation revokes first, and has nothing to list after that.
func TestCLI_rotationNeedsNoList(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("orders", "prd", "rotation_triggers = { at = 1 }"))
		w.apply()
		w.write(w.key("orders", "prd", "rotation_triggers = { at = 2 }"))
		w.plan("-out=saved")
		w.server.ResetRequests()
		w.server.SetFaults(emulatortest.Fault{Method: "GET", Path: "/v2/", Kind: "status", Status: 500, Times: 100})
		w.ok("apply", "saved")
		w.server.SetFaults()
		if requests := w.server.Requests(); len(requests) != 2 {
			t.Errorf("a rotation takes %v, want a DELETE and a POST", requests)
		}
		w.plan("-detailed-exitcode")
	})
}

func TestCLI_recipientsChangeWithAnUnknownExistingKey(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		recipients := func(all ...string) string { return "age_recipients = [\"" + strings.Join(all, `", "`) + "\"]" }
		first, second := recipient(t), recipient(t)
		w.write(w.key("orders", "prd", recipients(first)))
		w.apply()
		w.write("resource \"terraform_data\" \"later\" {\n  input = \"x\"\n}\n" +
			w.key("orders", "prd", recipients(second)+"\n  existing_key_wo = terraform_data.later.output == \"y\" ? \"tl_0123456789abcdef0123456789abcdef\" : null"))
		w.refusesToPlanAndApply("Existing Key Is Not Known Yet", "existing_key_wo")
	})
}

// Only the text of a recipient changes.
func TestCLI_sameRecipientsInOtherWords(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		const ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"
		age := recipient(t)
		w.write(w.key("orders", "prd", fmt.Sprintf("age_recipients = [%q, %q]", age, ssh)))
		w.apply()
		w.write(w.key("orders", "prd", fmt.Sprintf("age_recipients = [%q, %q]", age+"\n", ssh+" somebody@example.org")))
		shows(t, w.plan("-detailed-exitcode"), "No changes")
		w.write(w.key("orders", "prd", fmt.Sprintf("age_recipients = [%q]", age+"\n")))
		shows(t, w.plan(), "forces replacement")
	})
}

// What the configuration wants never blocks a destroy.
func TestCLI_destroyWithAConfigurationThatCannotBe(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.unattached()
		managed := w.key("kept", "prd", "") + environmentHCL(fmt.Sprintf("%q", w.project.ID), "EU", false)
		w.server.GenerateKey(w.project.ID, "stg")
		for name, wrong := range map[string]string{
			"Unknown Environment":                w.key("wrong", "nowhere", ""),
			"Unknown Project":                    strings.ReplaceAll(w.key("wrong", "prd", ""), w.project.ID, "nobody"),
			"Environment Already Has an API Key": w.key("wrong", "stg", ""),
		} {
			w.write(managed)
			w.apply()
			w.write(managed + wrong)
			shows(t, w.plan(), name)
			shows(t, w.plan("-destroy"), "2 to destroy")
			shows(t, w.destroy(), "2 destroyed")
		}
		// What breaks the rule of the ledger stops the usual plan before a destroy, and says what helps.
		w.write(managed)
		w.apply()
		w.write(managed + w.key("wrong", "prd", "replace_existing = true"))
		w.refuses([]string{"destroy", "-auto-approve", "-input=false"}, "Two Resources for One API Key", "-refresh=false")
		shows(t, w.ok("destroy", "-auto-approve", "-input=false", "-refresh=false"), "2 destroyed")
		w.write(managed)
		w.apply()
		w.write(managed + w.key("wrong", "nowhere", ""))
		w.plan("-destroy", "-out=saved")
		shows(t, w.ok("apply", "saved"), "2 destroyed")
	})
}

// A key that runs is not replaced in the plan that imports it.
func TestCLI_importWithoutItsProject(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		id, _ := w.server.GenerateKey(w.project.ID, "prd")
		importing := func(what, id string) string {
			return fmt.Sprintf("import {\n  to = traceloop_%s.orders\n  id = %q\n}\n", what, id)
		}
		hcl := projectHCL("Orders 2", false) + keyHCL("traceloop_project.orders.id", "prd", "null")
		for _, form := range []string{w.project.ID + "/prd", id} {
			w.write(hcl + importing("api_key", form))
			w.refusesToPlanAndApply("Imported API Key Would Be Replaced", id, "Import its project too", w.project.ID)
		}
		w.write(keyHCL(fmt.Sprintf("%q", w.project.ID), "stg", "null") + importing("api_key", id))
		w.refusesToPlanAndApply("Imported API Key Would Be Replaced", `environment changes from "prd" to "stg"`)
		w.write(keyHCL(fmt.Sprintf("%q", w.project.ID), "prd", "null") + importing("api_key", id))
		w.refuses([]string{"plan", "-input=false", "-replace=traceloop_api_key.orders"}, "Imported API Key Would Be Replaced")

		// On the command line the import is over when the plan begins: it warns.
		w.write(hcl)
		w.ok("import", "traceloop_api_key.orders", id)
		shows(t, w.plan(), "API Key Will Be Replaced", id, "project_id is not known before apply")

		w.write(hcl + importing("project", w.project.ID))
		shows(t, w.apply(), "1 imported, 0 added, 1 changed, 0 destroyed")
		w.plan("-detailed-exitcode")
		if key := w.active(); key.ID != id {
			t.Errorf("the key is %s now, want %s", key.ID, id)
		}
	})
}

func TestCLI_importIDsOfKeys(t *testing.T) {
	wholePlan(t, func(_ *testing.T, w estate) {
		id, secret := w.server.GenerateKey(w.project.ID, "prd")
		w.write(keyHCL(fmt.Sprintf("%q", w.project.ID), "prd", "null"))
		for _, given := range []string{secret, w.project.ID + "/" + secret} {
			w.refuses([]string{"import", "traceloop_api_key.orders", given}, "Invalid Import ID", traceloop.MaskKey(secret), "Rotate that key")
		}
		w.refuses([]string{"import", "traceloop_api_key.orders", "nobody"}, "no active API key with the id", "<project id>/<environment slug>")
		w.refuses([]string{"import", "traceloop_api_key.orders", "Orders/prd/x"}, "Invalid Import ID")
		w.refuses([]string{"import", "traceloop_api_key.orders", "orders/prd"}, "Did you mean", w.project.ID)
		w.ok("import", "traceloop_api_key.orders", id)
		w.plan("-detailed-exitcode")
	})
}

const twoAliases = `
provider "traceloop" {}

provider "traceloop" {
  alias = "second"
}

resource "terraform_data" "first" {}

data "traceloop_environments" "before" {
  project_id = %[1]q
  depends_on = [terraform_data.first]
}

resource "traceloop_environment" "eu" {
  provider            = traceloop.second
  project_id          = %[1]q
  name                = "EU"
  deletion_protection = false
  depends_on          = [data.traceloop_environments.before]
}

resource "traceloop_api_key" "orders" {
  project_id  = %[1]q
  environment = traceloop_environment.eu.slug
}
`

// What one provider block creates, another one finds.
func TestCLI_environmentOfAnotherAlias(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.unattached()
		w.write(fmt.Sprintf(twoAliases, w.project.ID))
		shows(t, w.apply(), "3 added")
		w.plan("-detailed-exitcode")
		w.destroy()
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
		out, err := w.run("apply", "-auto-approve", "-input=false")
		if err == nil {
			t.Errorf("the apply succeeded:\n%s", out)
		}
		shows(t, out, "Environment Already Has an API Key", fresh, "import {", "traceloop_api_key.other: Creation complete")
		if key := w.active(); key.ID != fresh {
			t.Errorf("the key is %s now, want %s", key.ID, fresh)
		}
		w.write(w.key("orders", "prd", ""))

		// The way that the message shows.
		w.write(w.key("orders", "prd", fmt.Sprintf("existing_key_wo = %q", secret)) + w.key("other", "stg", "") + fmt.Sprintf("import {\n  to = traceloop_api_key.orders\n  id = \"%s/prd\"\n}\n", w.project.ID))
		shows(t, w.apply(), "1 imported, 0 added, 1 changed, 0 destroyed")
		w.plan("-detailed-exitcode")

		// With replace_existing, apply does not refuse.
		w.write(w.key("orders", "prd", "replace_existing = true"))
		w.apply()
		w.server.RevokeKey(w.active().ID)
		fresh, _ = w.server.GenerateKey(w.project.ID, "prd")
		out = w.plan()
		shows(t, out, "API Key No Longer Found", fresh, "With replace_existing = true, apply revokes that key")
		hides(t, out, "refuses this key alone")
	})
}

// Terraform does not ask the provider before it replaces a tainted object.
func TestCLI_taintedKeyIsReplaced(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		w.write(w.key("orders", "prd", "") + w.key("other", "stg", ""))
		w.apply()
		old := w.active()
		w.ok("taint", "traceloop_api_key.orders")
		shows(t, w.plan(), "1 to add, 0 to change, 1 to destroy")
		shows(t, w.apply(), "1 added, 0 changed, 1 destroyed")
		if w.active().ID == old.ID {
			t.Error("the key is the old one")
		}
		w.plan("-detailed-exitcode")
	})
}

// The private state tells the halves of a replacement apart, and is gone after that.
func TestCLI_privateStateKeepsNoReplacement(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		all := func(trigger string, days int) string {
			return projectHCL("Billing", days == 1) + environmentHCL("", "EU", days == 1) + w.key("orders", "prd", fmt.Sprintf("rotation_triggers = { at = %s }\n  rotate_after_days = %d", trigger, days+100))
		}
		for i, hcl := range []string{all("1", 0), all("1", 1), all("2", 1)} { // created, updated, replaced
			w.write(hcl)
			w.apply()
			w.apply() // and unchanged
			state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
			if err != nil {
				t.Fatal(err)
			}
			for _, private := range regexp.MustCompile(`"private": "([^"]*)"`).FindAllSubmatch(state, -1) {
				text, err := base64.StdEncoding.DecodeString(string(private[1]))
				if err != nil || strings.Contains(string(text), "replaces") {
					t.Errorf("step %d: the private state is %s; %v", i, text, err)
				}
			}
		}
	})
}
