package servicecheck

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the report that the guide shows")

// The guide shows what the check says of the emulator.
func TestReportInTheGuide(t *testing.T) {
	t.Parallel()
	const file = "testdata/report.md"
	server := populated(t)
	r := check(t, t.Context(), server.URL, server, "-write", "-yes")
	leaks(t, server, r.report)
	if *update {
		if err := os.WriteFile(file, []byte(r.report), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r.report != string(want) {
		t.Errorf("the report is no longer %s; go test ./internal/servicecheck -run TestReportInTheGuide -update renews it, then make generate:\n%s", file, r.report)
	}
	guide, err := os.ReadFile("../../templates/guides/check-the-service.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), `{{ codefile "markdown" "internal/servicecheck/`+file+`" }}`) {
		t.Error("the guide does not show the report")
	}
	if _, statuses, found := strings.Cut(string(guide), "```text"); !found || !strings.HasPrefix(statuses, exitStatuses) {
		t.Error("the guide has other exit statuses than -help")
	}
}
