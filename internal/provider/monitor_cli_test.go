package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// withKey gives the CLI a project's key and takes the management key away.
func (c *cli) withKey(key string) *cli {
	c.Env = append(c.Env, "TRACELOOP_PROJECT_API_KEY="+key)
	for i, variable := range c.Env {
		if strings.HasPrefix(variable, "TRACELOOP_MANAGEMENT_API_KEY=") {
			c.Env[i] = "UNUSED="
		}
	}
	return c
}

// manySetups declares n setups.
func manySetups(n int, evaluators string) string {
	return fmt.Sprintf(`
resource "traceloop_auto_monitor_setup" "all" {
  count       = %d
  external_id = "quality-${count.index}"
  evaluators  = [%s]

  selector = [{ key = "service.name", source = "resource_attributes", value = "service-${count.index}" }]
}
`, n, evaluators)
}

// requestLog is what was asked, in the order of first appearance, with how often.
func requestLog(server *emulatortest.Server) string {
	var order []string
	counts := map[string]int{}
	for _, r := range server.Requests() {
		path := r.Path
		if rest, one := strings.CutPrefix(path, setupsPath+"/"); one && rest != "bulk" {
			path = setupsPath + "/{external_id}"
		}
		line := r.Method + " " + path
		if counts[line]++; counts[line] == 1 {
			order = append(order, line)
		}
	}
	for i, line := range order {
		order[i] = fmt.Sprintf("%d %s", counts[line], line)
	}
	return strings.Join(order, "\n")
}

// 300 setups, with -short 60. Terraform has as many creations in flight as -parallelism says, and
// each waits for its answer: that is how many can come together in one request. A busy machine sends
// them apart, so the bound is wide; how setups are gathered TestSetupWrites holds, on a fake clock.
func TestCLI_manySetupsGoTogether(t *testing.T) { //nolint:paralleltest // other tests would keep the CLI from sending them together
	n := 300
	if !thorough() {
		n = 60
	}
	for parallelism, most := range map[string]int{
		"10":  n / 2, // an idle machine takes 32 requests for 300
		"100": n / 4, // 5 or 6
	} {
		t.Run("parallelism "+parallelism, func(t *testing.T) {
			server := standingStill(t)
			key := projectKey(server, "prd")
			cli := newCLI(t, server).withKey(key)
			flag := "-parallelism=" + parallelism

			cli.write(manySetups(n, `"char-count"`))
			cli.plan(flag, "-out=plan")
			if got := server.Requests(); len(got) != 2 {
				t.Errorf("planning the creation took %d requests, want the lists of setups and evaluators: %v", len(got), got)
			}
			server.ResetRequests()
			cli.ok("apply", "-input=false", flag, "plan")
			t.Logf("apply:\n%s", requestLog(server))
			if got := len(server.Requests()); got > most || len(server.Setups(key)) != n {
				t.Errorf("%d requests, want %d at most; %d setups", got, most, len(server.Setups(key)))
			}

			server.ResetRequests()
			cli.plan(flag, "-detailed-exitcode")
			t.Logf("plan:\n%s", requestLog(server))
			if got := len(server.Requests()); got > 5 {
				t.Errorf("the plan took %d requests, want 5 at most", got)
			}

			cli.write(manySetups(n, `"char-count", "word-count"`))
			cli.plan(flag, "-out=plan")
			server.ResetRequests()
			cli.ok("apply", "-input=false", flag, "plan")
			t.Logf("apply of an update:\n%s", requestLog(server))
			if got := len(server.Requests()); got > most {
				t.Errorf("the update took %d requests, want %d at most", got, most)
			}
			cli.plan(flag, "-detailed-exitcode")
		})
	}
}

// What succeeded is kept, and what failed is named.
func TestCLI_bulkPartialSuccess(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	key := projectKey(server, "prd")
	cli := newCLI(t, server).withKey(key)
	hcl := func(slug string) string {
		return fmt.Sprintf("resource \"traceloop_auto_monitor_setup\" \"all\" {\n  count       = 8\n  external_id = \"m-${count.index}\"\n  evaluators  = [count.index == 3 ? %q : \"char-count\"]\n}\n", slug)
	}
	cli.write(hcl("made-up"))
	out, err := cli.run("apply", "-auto-approve", "-input=false", "-parallelism=8")
	if err == nil {
		t.Fatal("apply succeeded")
	}
	shows(t, out, "Unknown Evaluator", `"made-up"`, "Unable to Create Auto Monitor Setup", `create the auto monitor setup "m-3"`,
		`unknown evaluator slug "made-up"`)
	if n := len(server.Setups(key)); n != 7 {
		t.Errorf("%d setups are there, want 7", n)
	}
	cli.write(hcl("word-count"))
	shows(t, cli.apply(), "1 added, 0 changed, 0 destroyed")
	cli.plan("-detailed-exitcode")
	cli.destroy()
}

// A bulk upsert whose answer is lost is sent again: two have the effect of one.
func TestCLI_bulkAnswerLost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault   emulatortest.Fault
		retries string
		ok      bool
	}{
		"once":             {emulatortest.Fault{Method: "POST", Path: setupsPath, Kind: "drop_after"}, "4", true},
		"again and again":  {emulatortest.Fault{Method: "POST", Path: setupsPath, Kind: "drop_after", Times: 100}, "0", true},
		"and nothing done": {emulatortest.Fault{Method: "POST", Path: setupsPath, Kind: "drop_before", Times: 100}, "0", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			key := projectKey(server, "prd")
			cli := newCLI(t, server).withKey(key)
			cli.write("provider \"traceloop\" {\n  max_retries = " + test.retries + "\n}\n" + manySetups(8, `"char-count"`))
			server.SetFaults(test.fault)
			out, err := cli.run("apply", "-auto-approve", "-input=false")
			if (err == nil) != test.ok {
				t.Fatalf("%v\n%s", err, out)
			}
			server.SetFaults()
			if !test.ok {
				shows(t, out, "Outcome of Write Is Unknown", "It does not exist: nothing was created. Apply again.")
				shows(t, cli.apply(), "8 added")
			}
			cli.plan("-detailed-exitcode")
			if n := len(server.Setups(key)); n != 8 {
				t.Errorf("there are %d setups", n)
			}
		})
	}
}

// If the answer of a bulk upsert is lost and no read works either, the user applies again.
func TestCLI_bulkOutcomeUnknown(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	cli := newCLI(t, server).withKey(key)
	cli.write("provider \"traceloop\" {\n  max_retries = 0\n}\n" + manySetups(1, `"char-count"`))
	server.SetFaults(
		emulatortest.Fault{Method: "POST", Path: setupsPath, Kind: "drop_after", Times: 100},
		emulatortest.Fault{Method: "GET", Path: setupsPath + "/", Kind: "status", Status: 500, Times: 100},
	)
	out, err := cli.run("apply", "-auto-approve", "-input=false")
	if err == nil {
		t.Fatal("apply succeeded")
	}
	shows(t, out, "Outcome of Write Is Unknown", "could not find out", "import {", `id = "quality-0"`)
	server.SetFaults()
	shows(t, cli.plan(), "Auto Monitor Setup Already Exists")
	cli.ok("import", "traceloop_auto_monitor_setup.all[0]", "quality-0")
	cli.plan("-detailed-exitcode")
}

func TestCLI_setupWarnings(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	key := projectKey(server, "prd")
	cli := newCLI(t, server).withKey(key)
	cli.write(setupHCL("checkout", "", "char-count", "toxicity"))
	shows(t, cli.apply(), "Unknown Evaluator", `"toxicity" is not among`, `Did you mean "toxicity-detector"?`, "1 added")
	hides(t, cli.plan("-detailed-exitcode"), "Warning: Unknown", "Warning: Auto") // it was said when it was new
	cli.write(setupHCL("checkout", "", "char-count", "toxicity", "word-count"))
	again := cli.plan()
	shows(t, again, "Auto Monitor Setup Will Restart", `sets its status back to "pending"`)
	hides(t, again, "Warning: Unknown")
	cli.apply()

	server.SendSpans(key, 1)
	server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60, FailingEvaluators: map[string]string{"word-count": "no text in the spans"}})
	shows(t, cli.plan("-detailed-exitcode"), "Auto Monitor Setup Partly Failed", "word-count: no text in the spans")
	server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60, FailingEvaluators: map[string]string{"word-count": "no", "char-count": "no", "toxicity": "no"}})
	shows(t, cli.plan("-detailed-exitcode"), "Auto Monitor Setup Failed with", "char-count: no")
}

// Waiting never fails an apply that has done its work.
func TestCLI_waitThatFails(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	cli := newCLI(t, server).withKey(key)
	cli.write("provider \"traceloop\" {\n  max_retries = 0\n}\n" + setupHCL("checkout", "  wait_for = \"completed\"\n", "char-count"))
	server.SetFaults(emulatortest.Fault{Method: "GET", Path: setupsPath + "/checkout", Kind: "status", Status: 500})
	shows(t, cli.apply(), "Unable to Read Auto Monitor Setup Status", "The setup exists", "1 added")
	cli.plan("-detailed-exitcode")

	cli.write(setupHCL("other", "  wait_for = \"completed\"\n  wait_timeout = \"1s\"\n", "char-count"))
	shows(t, cli.apply(), "Timed Out Waiting for Auto Monitor Setup", `did not reach the status "completed" within 1s`, "1 added")
}

func TestCLI_setupFailures(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	id, key := server.GenerateKey(server.Projects()[0].ID, "prd")
	cli := newCLI(t, server).withKey(key)
	cli.write(setupHCL("checkout", "", "char-count"))
	cli.apply()
	for status, phrases := range map[int][]string{
		http.StatusForbidden:  {"does not accept a management key", "TRACELOOP_PROJECT_API_KEY"},
		http.StatusBadGateway: {"The service failed"},
	} {
		server.SetFaults(emulatortest.Fault{Path: setupsPath, Kind: "status", Status: status, Times: 100})
		cli.write("provider \"traceloop\" {\n  max_retries = 0\n}\n" + setupHCL("checkout", "", "char-count"))
		out, err := cli.run("plan", "-input=false")
		if err == nil {
			t.Fatalf("%d: the plan succeeded", status)
		}
		shows(t, out, append(phrases, "Unable to Read Auto Monitor Setup")...)
		hides(t, out, key)
	}
	server.SetFaults()
	server.RevokeKey(id)
	out, err := cli.run("plan", "-input=false")
	if err == nil {
		t.Fatal("a revoked key reads")
	}
	shows(t, out, "The project key comes from the environment variable TRACELOOP_PROJECT_API_KEY", "has not been revoked")
	hides(t, out, key)
}

func TestCLI_setupDataSources(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	dev, prd := projectKey(server, "dev"), projectKey(server, "prd")
	server.CreateSetup(dev, "checkout-dev", "char-count")
	here := server.CreateSetup(prd, "checkout", "word-count")
	cli := newCLI(t, server).withKey(prd)
	cli.write(`
data "traceloop_auto_monitor_setup" "one" {
  external_id = "checkout"
}

data "traceloop_auto_monitor_setups" "all" {
}

data "traceloop_auto_monitor_setups" "completed" {
  status = "completed"
}

output "found" {
  value = join(" ", [
    data.traceloop_auto_monitor_setup.one.id,
    join(",", data.traceloop_auto_monitor_setup.one.evaluators),
    length(data.traceloop_auto_monitor_setups.all.auto_monitor_setups),
    length(data.traceloop_auto_monitor_setups.completed.auto_monitor_setups),
  ])
}
`)
	cli.apply()
	var found string
	if err := json.Unmarshal([]byte(cli.ok("output", "-json", "found")), &found); err != nil {
		t.Fatal(err)
	}
	if want := here.ID + " word-count 2 0"; found != want {
		t.Errorf("found %q, want %q", found, want)
	}
	cli.write("data \"traceloop_auto_monitor_setup\" \"none\" {\n  external_id = \"none\"\n}\n")
	out, err := cli.run("plan", "-input=false")
	if err == nil {
		t.Fatal("one that is not there was found")
	}
	shows(t, out, "Auto Monitor Setup Not Found", "traceloop_auto_monitor_setups")
}
