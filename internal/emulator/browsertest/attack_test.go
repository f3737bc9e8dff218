package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Another site has a form and a frame of the emulator, and a name that leads to it (DNS rebinding).
func TestAnotherSite(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	rebound := strings.Replace(s.URL, "127.0.0.1", "evil.test", 1)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!DOCTYPE html><title>evil</title><link rel=icon href=data:,><iframe src="%[1]s/" onload="document.title = 'loaded'"></iframe>
			<form method=post action="%[1]s/ui/projects"><input name=name value=Evil><button>Go</button></form>`, s.URL)
	}))
	t.Cleanup(site.Close)
	b := open(t)
	for _, said := range []string{"403", "frame-ancestors", "MIME type"} { // the style and the script are refused as well
		b.expect(said)
	}
	b.goTo(strings.Replace(site.URL, "127.0.0.1", "evil.test", 1))
	b.until(`document.title === "loaded"`)
	b.click("Go")
	b.see("The form came from another site. Nothing was changed.")
	b.goTo(rebound)
	b.see("another name may belong to another site")
	for _, path := range []string{"/ui/activity", "/_emulator/export"} {
		if status := value[int](b, fmt.Sprintf(`fetch(%q).then(r => r.status)`, path)); status != http.StatusForbidden {
			t.Errorf("%s was answered %d", path, status)
		}
	}
	if n := len(s.Projects()); n != 1 {
		t.Errorf("there are %d projects", n)
	}
}
