package browsertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// elsewhere serves one page of another site, which the browser knows as evil.test.
func elsewhere(t *testing.T, page string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!DOCTYPE html><title>evil</title><link rel=icon href=data:,><body>"+page)
	}))
	t.Cleanup(server.Close)
	return otherName(server.URL)
}

func otherName(url string) string { return strings.Replace(url, "127.0.0.1", "evil.test", 1) }

func TestScriptsInNamesDoNotRun(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	b := open(t)
	const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>`
	project := s.CreateProject(evil)
	s.CreateEnvironment("", evil)
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500, Path: "/" + evil})
	request(t, s, "GET", "/v2/projects", "", evil)
	for _, path := range []string{"/", "/ui/projects/" + project.ID, "/ui/projects/" + project.ID + "/delete", "/ui/activity?show=all", "/ui/faults"} {
		b.goTo(s.URL + path)
		b.see("<script>") // as text, in all of them
	}
	// What follows by itself is no way in either.
	b.goTo(s.URL)
	b.see("Updates automatically")
	request(t, s, "POST", "/v2/projects", `{"name":"<img src=y onerror=alert(3)>"}`, "curl/8.0")
	b.see("<img src=y onerror=alert(3)>")
	// And if one got in, the policy would not let it run.
	b.expect("Content Security Policy")
	value[bool](b, `(document.body.insertAdjacentHTML("beforeend", "<img src='/ui/icon.svg?none' onload='window.ran = 1'>"), true)`)
	b.until(`[...document.images].every(i => i.complete)`)
	if value[bool](b, "window.ran === 1") {
		t.Error("an inline script ran")
	}
}

func TestFormOfAnotherSite(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	b := open(t)
	b.expect("403")
	b.goTo(elsewhere(t, fmt.Sprintf(`<form method=post action="%s/ui/projects"><input name=name value=Evil><button>Go</button></form>`, s.URL)))
	b.click("Go")
	b.see("The form came from another site. Nothing was changed.")
	if n := len(s.Projects()); n != 1 {
		t.Errorf("there are %d projects", n)
	}
}

// DNS rebinding: the other site's own name points at the emulator.
func TestNameOfAnotherSite(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	b := open(t)
	b.expect("403")
	b.expect("MIME type") // the style and the script are refused as well
	b.goTo(otherName(s.URL))
	b.see("another name may belong to another site")
	for _, path := range []string{"/", "/ui/activity", "/_emulator/export", "/_emulator/requests"} {
		if status := value[int](b, fmt.Sprintf(`fetch(%q).then(r => r.status)`, path)); status != http.StatusForbidden {
			t.Errorf("%s was answered %d", path, status)
		}
	}
}

func TestFrameOfAnotherSite(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	b := open(t)
	b.expect("frame-ancestors")
	b.goTo(elsewhere(t, fmt.Sprintf(`<iframe src="%s/" onload="document.title = 'loaded'"></iframe>`, s.URL)))
	b.until(`document.title === "loaded"`)
	if n := len(s.Projects()); n != 1 { // it has answered meanwhile
		t.Errorf("there are %d projects", n)
	}
}
