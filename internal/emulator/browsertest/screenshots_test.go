package browsertest

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

var (
	screenshots = flag.String("screenshots", "", "folder to write a screenshot of every page to, at each width and in each colour scheme")
	images      = flag.String("images", "", "folder to renew the pictures of the README in, which is .github/images of the repository")
)

// Nothing has to be scrolled sideways, from a phone on; and nothing is unreadably small.
func TestWidths(t *testing.T) {
	t.Parallel()
	s := story(t)
	b := open(t)
	project := s.Projects()[0]
	pages := map[string]string{
		"organization": "/", "project": "/ui/projects/" + project.ID, "delete": "/ui/projects/" + project.ID + "/delete",
		"revoke": "/ui/api-keys/" + s.Keys()[0].ID + "/revoke", "activity": "/ui/activity?show=all", "faults": "/ui/faults",
		"nothing-found": "/?q=nothing+of+the+kind", "no-page": "/ui/nothing",
	}
	b.expect("404")
	b.goTo(s.URL)
	b.shoot("organization", "dark")
	// A violation would be found.
	b.run(chromedp.Evaluate[chromedp.Void](`document.documentElement.lang = ""; document.querySelector("h1").style.color = "#eee"`))
	b.run(chromedp.Evaluate[chromedp.Void](axe))
	if ids := value[[]string](b, `axe.run().then(r => r.violations.map(v => v.id))`); !slices.Contains(ids, "html-has-lang") || !slices.Contains(ids, "color-contrast") {
		t.Errorf("axe finds only %q", ids)
	}
	for name, path := range pages {
		b.goTo(s.URL + path)
		b.accessible(name)
		for _, width := range []int{360, 768, 1100, 1280} {
			b.run(chromedp.EmulateViewport(int64(width), 800))
			for _, scheme := range []string{"light", "dark"} {
				b.colours(scheme)
				what := fmt.Sprintf("%s-%d-%s", name, width, scheme)
				if scrolled := value[int](b, "document.documentElement.scrollWidth"); scrolled > width {
					t.Errorf("%s is %d pixels wide", what, scrolled)
				}
				if collides := value[string](b, `[...document.querySelectorAll("th, td")].filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML).join()`); collides != "" && width > 900 {
					t.Errorf("%s: wider than its column: %s", what, collides)
				}
				if dark := value[string](b, "getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 28)"; dark != (scheme == "dark") {
					t.Errorf("%s: dark is %t", what, dark)
				}
				shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				if image, err := png.DecodeConfig(bytes.NewReader(shot)); err != nil || image.Width != width {
					t.Errorf("%s: the screenshot is %d pixels wide: %v", what, image.Width, err)
				}
				if *screenshots != "" {
					if err := os.WriteFile(filepath.Join(*screenshots, what+".png"), shot, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		b.run(chromedp.EmulateViewport(360, 800))
		small := value[string](b, `[...document.querySelectorAll("a.button, button")].filter(e => e.offsetParent && !e.classList.contains("plain") && e.offsetHeight < 24).map(e => e.outerHTML).join()`)
		if small != "" {
			t.Errorf("%s: too small for a thumb: %s", name, small)
		}
	}
}

// story is an organization with something to see.
func story(t *testing.T) *emulatortest.Server {
	t.Helper()
	now := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now }), emulatortest.WithSeed(`
environments:
  - {name: EU Production, created_at: 2026-06-02T08:00:00Z}
evaluators:
  - name: Tone of voice
    provider: openai
    model: gpt-4o
    messages: [{role: user, content: "Rate the tone of {{text}}."}]
    input_schema: [{name: text, type: string}]
    output_schema: [{name: tone, type: enum, enum_values: [friendly, neutral, rude]}]
projects:
  - name: Orders
    id: c2f6a0d1b8e34795ac1d07e5
    created_at: 2026-06-02T08:00:00Z
    environments: [{name: Canary}]
    api_keys:
      - {environment: prd, api_key: tl_Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jwX3k, created_at: 2026-08-30T08:00:00Z}
      - {environment: stg, api_key: tl_9fQ2mZx7LkVb4RtY1nWc8HsJ6dPgA3eUo5Ti0uBq, created_at: 2026-11-20T07:12:00Z}
      - {environment: eu-production, api_key: tl_Zx81LkVb4RtY1nWc8HsJ6dPgA3eUo5Ti0uBq7mQ9, created_at: 2026-11-24T22:00:00Z}
    auto_monitor_setups:
      - {environment: prd, external_id: checkout-quality, evaluators: [answer-relevancy, toxicity-detector], created_at: 2026-11-20T08:00:00Z}
      - {environment: eu-production, external_id: an-external-id-of-a-length-that-has-to-be-broken-somewhere-on-a-phone, evaluators: [agent-tool-selection-quality, agent-goal-completeness, pii-detector], created_at: 2026-11-25T09:30:00Z}
  - name: Checkout
    id: c9d4e1f07a2b48c6913e5d20
    created_at: 2026-07-14T12:00:00Z
    api_keys:
      - {environment: dev, api_key: tl_7mQ9Zx81LkVb4RtY1nWc8HsJ6dPgA3eUo5Ti0uBq, created_at: 2026-11-25T09:12:00Z}
`))
	s.SendSpans("tl_Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jwX3k", 18204)
	s.SendSpans("tl_9fQ2mZx7LkVb4RtY1nWc8HsJ6dPgA3eUo5Ti0uBq", 312)
	s.SendSpans("tl_Zx81LkVb4RtY1nWc8HsJ6dPgA3eUo5Ti0uBq7mQ9", 4096)
	s.RevokeKey(s.Keys()[2].ID)
	s.SendSpans("tl_Zx81LkVb4RtY1nWc8HsJ6dPgA3eUo5Ti0uBq7mQ9", 128)
	const agent = "terraform-provider-traceloop/0.1.0 Terraform/1.14.0"
	request(t, s, s.ManagementKey, "GET", "/v2/projects?limit=100", "", agent)
	request(t, s, s.ManagementKey, "GET", "/v2/api-keys?limit=100", "", agent)
	s.SetFaults(emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "status", Status: 503, RetryAfter: new(0)},
		emulatortest.Fault{Method: "POST", Path: "/v2/", Kind: "drop_after", After: 2, Times: 2})
	body := `{"project_id":"c9d4e1f07a2b48c6913e5d20","environment":"prd"}`
	request(t, s, s.ManagementKey, "POST", "/v2/api-keys", body, agent)
	request(t, s, s.ManagementKey, "POST", "/v2/api-keys", body, agent)
	request(t, s, s.ManagementKey, "GET", "/v2/api-keys/none", "", "curl/8.14.1")
	return s
}
