package servicecheck

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the report that is kept")

// The report of a check of the emulator is kept, so that a review shows what changes in it.
func TestReport_ofTheEmulator(t *testing.T) {
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
		t.Errorf("the report is no longer %s; go test ./internal/servicecheck -run TestReport_ofTheEmulator -update renews it:\n%s", file, r.report)
	}
}
