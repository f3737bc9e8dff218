package browsertest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// terraform runs the real CLI in a folder, against an emulator.
type terraform struct {
	t   *testing.T
	cli string
	dir string
	env []string
}

// startTerraform initializes a folder with the quick start's configuration.
func startTerraform(t *testing.T, s *emulatortest.Server) terraform {
	t.Helper()
	cli, err := devtool.CLI()
	if err != nil {
		t.Fatal(err)
	}
	root, err := devtool.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config, err := devtool.BuildMirror(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	tf := terraform{t: t, cli: cli, dir: filepath.Join(dir, "quickstart"), env: devtool.Env(
		"TF_CLI_CONFIG_FILE="+config, "TF_INPUT=0", "CHECKPOINT_DISABLE=1", "TF_DISABLE_PLUGIN_TLS=1",
		"TRACELOOP_MANAGEMENT_BASE_URL="+s.URL, "TRACELOOP_MANAGEMENT_API_KEY="+s.ManagementKey,
	)}
	if err := os.CopyFS(tf.dir, os.DirFS(filepath.Join(root, "examples", "quickstart"))); err != nil {
		t.Fatal(err)
	}
	tf.want(0, "init", "-no-color")
	return tf
}

// want runs a command, and fails unless it ends with this code.
func (tf terraform) want(code int, args ...string) (output string) {
	tf.t.Helper()
	cmd := exec.CommandContext(tf.t.Context(), tf.cli, args...)
	cmd.Dir, cmd.Env = tf.dir, tf.env
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		tf.t.Fatalf("terraform %s: %v, want exit code %d\n%s", strings.Join(args, " "), err, code, &both)
	}
	// The errors of the CLI are wrapped in a box.
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(both.String())), " ")
}

// The guide's section "See Drift Happen", with the real CLI and a real browser. Its reader has
// waited two minutes: the objects are older than that.
func TestSeeDriftHappen(t *testing.T) {
	t.Parallel()
	var behind atomic.Int64
	behind.Store(int64(3 * time.Minute))
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }))
	b := open(t)
	tf := startTerraform(t, s)
	b.goTo(s.URL)
	b.see("Updates automatically")
	tf.want(0, "apply", "-auto-approve", "-no-color")
	b.see("Orders") // by itself
	b.until(`document.querySelector("table[aria-label='Environments of Orders']")?.innerText.includes("tl_••••")`)
	key := tf.want(0, "output", "-raw", "api_key")
	sendSpan(t, s, key, 200)
	b.until(rowHas("EU Production", "1 0 Revoke API key"))

	b.click("Revoke API key of Orders, EU Production")
	b.see("If Terraform manages the key, its next plan shows that the key is gone.")
	b.click("Revoke API key")
	b.see("The API key is revoked.")
	sendSpan(t, s, key, 401)
	b.until(rowHas("EU Production", "1 1 Generate API key"))
	if plan := tf.want(2, "plan", "-detailed-exitcode", "-no-color"); !strings.Contains(plan, "traceloop_api_key.orders will be created") {
		t.Errorf("the plan says %s", plan)
	}
	b.goTo(s.URL + "/ui/activity")
	b.see("Browser DELETE /v2/api-keys Orders, eu-production 204")
	tf.want(0, "apply", "-auto-approve", "-no-color")
	b.see("Terraform POST /v2/api-keys Orders, eu-production 201")

	// Another key in its place.
	b.goTo(s.URL)
	b.click("Revoke API key of Orders, EU Production")
	b.click("Revoke API key")
	b.see("The API key is revoked.")
	b.click("Generate API key for Orders, EU Production")
	b.see("API key generated")
	if refusal := tf.want(1, "apply", "-auto-approve", "-no-color"); !strings.Contains(refusal, "already has an API key") {
		t.Errorf("the apply says %s", refusal)
	}
	b.click("Done")
	b.click("Revoke API key of Orders, EU Production")
	b.click("Revoke API key")
	b.see("The API key is revoked.")

	// Everything is gone.
	b.goTo(s.URL)
	b.click("Delete project Orders")
	b.click("Delete project")
	b.see("The project is deleted")
	if plan := tf.want(2, "plan", "-detailed-exitcode", "-no-color"); !strings.Contains(plan, "Plan: 3 to add") {
		t.Errorf("the plan says %s", plan)
	}

	// The answer with the next key is lost. That key is new.
	behind.Store(0)
	b.goTo(s.URL + "/ui/faults")
	b.click("Add: Lose the answer that has a key in it")
	b.see("Hits 1 more request.")
	tf.want(0, "apply", "-auto-approve", "-no-color")
	if keys := s.Keys(); len(keys) != 1 {
		t.Errorf("there are %d keys", len(keys))
	}
	b.goTo(s.URL + "/ui/activity")
	b.see("POST /v2/api-keys Orders, eu-production no answer drop_after")
	b.shoot("activity", "light")
}

// rowHas is whether a row, in the words a person reads, has a text.
func rowHas(environment, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("tr")].some(r => r.innerText.includes(%q) && r.innerText.replace(/\s+/g, " ").includes(%q))`, environment, text)
}

// sendSpan sends a span over HTTP, which the pages follow.
func sendSpan(t *testing.T, s *emulatortest.Server, key string, want int) {
	t.Helper()
	body := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"hello"}]}]}]}`
	if status := request(t, s, key, "POST", "/v1/traces", body, "OTel OTLP Exporter Go/1.47.0"); status != want {
		t.Errorf("a span was answered %d, want %d", status, want)
	}
}

// shoot renews a picture of the README, where -images is given.
func (b *tab) shoot(name, scheme string) {
	b.t.Helper()
	if *images == "" {
		return
	}
	b.run(chromedp.EmulateViewport(1280, 800))
	b.colours(scheme)
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(*images, name+".png"), shot, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.run(chromedp.EmulateViewport(1280, 900))
	b.colours("light")
}
