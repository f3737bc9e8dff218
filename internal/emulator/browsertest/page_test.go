package browsertest

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const organization = `
environments:
  - name: EU Production
evaluators:
  - name: Tone of voice
    provider: openai
    model: gpt-4o
    messages: [{role: user, content: "Rate: {{text}}"}]
    input_schema: [{name: text, type: string}]
    output_schema: [{name: tone, type: string}]
projects:
  - name: Orders
    environments:
      - name: Canary
    api_keys:
      - {environment: stg, api_key: tl_0000stagingkey0000}
    auto_monitor_setups:
      - {environment: stg, external_id: checkout-quality, evaluators: [char-count, word-count]}
  - name: Checkout
`

// The life of a key, as a person sees it. The command on its page works in a shell, and no list of processes has
// the key.
func TestLifeOfAKey(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithSeed(organization))
	b := open(t)
	b.goTo(s.URL)
	if row := b.row("Orders", "prd"); !strings.Contains(row, "No key") {
		t.Errorf("the row is %q", row)
	}
	b.click("Generate API key for Orders, prd")
	b.see("Copy it now. It is not shown again")
	key := value[string](b, `document.getElementById("key").textContent`)
	b.click("Copy")
	b.see("Copied.")
	if copied := b.clipboard(); copied != key || !strings.HasPrefix(key, "tl_") {
		t.Errorf("copied %q, shown %q", copied, key)
	}
	b.accessible("the page of a new key")
	command := value[string](b, `document.getElementById("command").textContent`)
	if first, _, _ := strings.Cut(command, "<<"); strings.Contains(first, "tl_") {
		t.Errorf("the key is an argument: %s", command)
	}
	if output, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil || strings.TrimSpace(string(output)) != "200" {
		t.Errorf("%v: %s", err, output)
	}

	b.click("Done")
	b.see("EU Production")
	if row := b.row("Orders", "prd"); !strings.Contains(row, "••••"+key[len(key)-4:]+" less than a minute 1 0") {
		t.Errorf("the row is %q", row)
	}
	b.click("Revoke API key of Orders, prd")
	b.see("Revoking takes effect at once")
	b.see("it has sent 1 span")
	b.click("Revoke API key")
	b.see("The API key is revoked.")
	if status := s.SendSpans(key, 2); status != 401 {
		t.Errorf("a span with the revoked key was answered %d", status)
	}
	b.goTo(s.URL) // the test's own spans pass by what the page follows
	if row := b.row("Orders", "prd"); !strings.Contains(row, "No key 1 2") {
		t.Errorf("the row is %q", row)
	}
	b.see("1 refused export since the start")
	if html := value[string](b, "document.documentElement.outerHTML"); strings.Contains(html, key) {
		t.Error("the page shows the key again")
	}
}

// A project is created, renamed and deleted; what goes with it is said before. Its monitors and the evaluators are
// one click away.
func TestLifeOfAProject(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithSeed(organization))
	b := open(t)
	s.SendSpans("tl_0000stagingkey0000", 7)
	b.goTo(s.URL)
	b.fill("New project", "Billing")
	b.run(chromedp.KeyEvent("\r"))
	b.see("The project is created.")
	b.fill("New organization-level environment", "US Production")
	b.run(chromedp.KeyEvent("\r"))
	b.see("The environment is created.")
	b.click("Add an environment to Billing")
	b.fill("New environment in this project", "Canary")
	b.run(chromedp.KeyEvent("\r"))
	b.see("Canary")
	b.fill("Name", "Invoices")
	b.click("Rename")
	b.see("The project is renamed.")
	if projects := s.Projects(); len(projects) != 3 || projects[2].Name != "Invoices" || len(s.Environments(projects[2].ID)) != 6 {
		t.Errorf("the projects are %+v", projects)
	}
	b.expect("409")
	b.fill("Name", "Orders")
	b.click("Rename")
	b.see(`A project named "Orders" already exists.`)
	b.click("Go back")
	b.click("Evaluators of the organization")
	b.until(`location.pathname === "/" && location.hash === "#evaluators"`)
	b.see("Tone of voice")

	if underlined := value[string](b, `getComputedStyle(document.querySelector("article h3 a")).textDecorationLine`); underlined != "underline" {
		t.Errorf("the name of a project does not look like a link: %q", underlined)
	}
	b.click("1 monitor of Orders")
	b.until(`location.hash === "#monitors"`)
	b.see("checkout-quality")
	b.click("Organization")
	b.click("Delete project Orders")
	b.see("Delete project “Orders”?")
	b.see("1 environment of its own: Canary")
	b.see("1 active API key, revoked at once: Orders, stg: tl_••••0000")
	b.see("The traces: 7 spans")
	b.click("Cancel")
	b.click("Delete environment EU Production")
	b.see("The environment disappears from 3 projects")
	b.click("Delete environment")
	b.see("The environment is deleted")
	if n := len(s.Projects()); n != 3 {
		t.Errorf("after the cancellation there are %d projects", n)
	}
	b.click("Delete project Orders")
	b.see("This cannot be undone.")
	b.click("Delete project")
	b.see("The project is deleted")
	if projects := s.Projects(); len(projects) != 2 || projects[0].Name != "Checkout" {
		t.Errorf("left are %+v", projects)
	}
}

// The page follows what Terraform does, and what goes wrong for it.
func TestFollows(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithSeed(organization))
	b := open(t)
	b.goTo(s.URL)
	b.see("Updates automatically")
	request(t, s, s.ManagementKey, "POST", "/v2/projects", `{"name":"Payments"}`, "terraform-provider-traceloop/0.1.0 Terraform/1.14.0")
	b.see("Payments")

	b.click("What happened")
	b.see("POST /v2/projects Payments")
	b.see("Terraform")
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 503})
	request(t, s, s.ManagementKey, "POST", "/v2/projects", `{"name":"Refunds"}`, "curl/8.0")
	b.until(`document.querySelector("tr.faulty")?.innerText.includes("503")`)
	b.see("Injected fault: 503 Service Unavailable.")
	b.click("Pause")
	b.see("Paused")
	request(t, s, s.ManagementKey, "DELETE", "/v2/environments/none", "", "curl/8.0")
	b.click("Resume")
	b.see(`There is no environment with the id "none".`)
	request(t, s, s.ManagementKey, "GET", "/v2/environments", "", "curl/8.0")
	b.click("All requests")
	b.see("GET /v2/environments")
	b.click("Changes only")
	b.until(`location.search === "" && !document.body.innerText.includes("GET")`)
}

// Somebody clicks while a pipeline changes what the page shows, so that its parts are replaced all the time.
func TestClicksOnWhatChanges(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithSeed(organization))
	b := open(t)
	b.goTo(s.URL)
	b.see("Updates automatically")
	var pipeline sync.WaitGroup
	stop := make(chan struct{})
	pipeline.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				request(t, s, s.ManagementKey, "PATCH", "/v2/projects/"+s.Projects()[0].ID, fmt.Sprintf(`{"name":"Orders %d"}`, i), "curl/8.0")
			}
		}
	})
	defer pipeline.Wait()
	defer close(stop)
	for range 20 {
		b.click("Delete project Checkout")
		b.see("This cannot be undone.")
		b.click("Cancel")
		b.see("Updates automatically")
	}
}

// "What does my pipeline do when the API fails half-way" is three clicks.
func TestFaultsInThreeClicks(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	b := open(t)
	b.goTo(s.URL)
	b.click("Faults")
	b.click("Add: Fail half-way")
	b.see("POST /v2/… answer with status 500")
	b.see("Hits 20 more requests, after 1 other request")
	for i, want := range []int{201, 500, 500} {
		if status := request(t, s, s.ManagementKey, "POST", "/v2/projects", fmt.Sprintf(`{"name":"P%d"}`, i), "curl/8.0"); status != want {
			t.Errorf("creation %d was answered %d, want %d", i, status, want)
		}
	}
	b.see("Hits 18 more requests.")
	b.click("Remove the fault of POST /v2/…: answer with status 500 Internal Server Error")
	b.see("None: every request gets its normal answer.")

	b.see("A control call replaces all planned faults.")
	b.fill("Rate limit, in requests a second (0: none)", "7")
	b.click("Change the settings")
	b.see("The settings are changed.")
}

func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithSeed(organization))
	b := open(t)
	b.goTo(s.URL)
	b.run(chromedp.KeyEvent("\t"))
	b.until(`document.activeElement.textContent === "Skip to the content"`)
	b.run(chromedp.KeyEvent("\r"))
	b.until(`document.activeElement.id === "content"`)
	for range 60 {
		b.run(chromedp.KeyEvent("\t"))
		if outline := value[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
			t.Fatalf("the focus cannot be seen on %s", value[string](b, "document.activeElement.outerHTML"))
		}
		if value[bool](b, `document.activeElement.ariaLabel === "Generate API key for Checkout, prd"`) {
			break
		}
	}
	b.run(chromedp.KeyEvent("\r"))
	b.see("API key generated")
	if keys := s.Keys(); len(keys) != 2 {
		t.Errorf("there are %d keys", len(keys))
	}
}

func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithSeed(organization))
	b := open(t)
	b.withoutScripts()
	b.goTo(s.URL)
	b.click("Generate API key for Checkout, dev")
	b.see("Copy it now.")
	if value[bool](b, `document.querySelector("[data-copy]").offsetParent !== null`) {
		t.Error("there is a button to copy that does nothing")
	}
	key := value[string](b, `document.getElementById("key").textContent`)
	if status := s.SendSpans(key, 1); status != 200 {
		t.Errorf("the key was answered %d", status)
	}
	for _, step := range [][2]string{
		{"Done", "Organization-level environments"},
		{"Revoke API key of Checkout, dev", "Revoke API key?"},
		{"Revoke API key", "The API key is revoked."},
		{"Faults", "Be slow"},
		{"Add: Be slow", "The fault is added."},
		{"Remove all", "All faults are removed."},
	} {
		b.click(step[0])
		b.see(step[1])
	}
	b.click("What happened")
	b.see("DELETE")
}
