package docstest

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
)

// testSources are the files of the tests that a row may name, and of what these share.
func testSources(t *testing.T) []string {
	t.Helper()
	var sources []string
	for _, pattern := range []string{"*_test.go", "../provider/*_test.go", "../clitest/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) < 3 {
			t.Fatalf("%s: %d files were found: %v", pattern, len(found), err)
		}
		sources = append(sources, found...)
	}
	return sources
}

// Each row of the table of features names tests that exist. What it says of a CLI is what skips tests under it.
func TestFeatures(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, source := range testSources(t) {
		tests.WriteString(readFile(t, source))
	}
	since := map[string]clitest.Feature{
		"functions:": clitest.Functions, "with an `identity`": clitest.Identities, "[queries]": clitest.Queries, "[revoking a leaked key]": clitest.Actions,
		"[`destroy = false`]": clitest.Terraform116, "[`import` blocks in modules]": clitest.Terraform116, "[`before_destroy` and `after_destroy`]": clitest.Terraform116,
	}
	_, table, found := strings.Cut(guides(t)["versions"], "## Features by Version\n")
	table, _, ends := strings.Cut(table, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`).FindAllStringSubmatch(table, -1)
	if !found || !ends || len(rows) < 12 {
		t.Fatalf("only %d features were found", len(rows))
	}
	version := regexp.MustCompile(`^(1\.\d+|–|experiment¹)$`)
	for _, row := range rows[1:] { // after the head; the line below it has no spaces
		feature, named := row[1], regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[4], -1)
		if !version.MatchString(row[2]) || !version.MatchString(row[3]) || len(named) == 0 {
			t.Errorf("%s: %q and %q are no versions, or no test is named", feature, row[2], row[3])
		}
		for _, name := range named {
			if !strings.Contains(tests.String(), "func "+name[1]+"(t *testing.T)") {
				t.Errorf("%s: there is no test %s", feature, name[1])
			}
		}
		for phrase, f := range since {
			if !strings.Contains(feature, phrase) {
				continue
			}
			delete(since, phrase)
			if want := fmt.Sprintf("1.%d 1.%d", f.Terraform, f.OpenTofu); strings.ReplaceAll(row[2]+" "+row[3], "–", "1.0") != want {
				t.Errorf("%s: the table says %s and %s, the tests %s", f.Name, row[2], row[3], want)
			}
		}
	}
	if len(since) > 0 {
		t.Errorf("there is no row of %v", since)
	}
}

// Nothing but the version of the CLI skips a test of this package or of the provider's, and Needs says so in one line,
// which the matrix of CLIs compares with the CLI at hand. What -short leaves out asks Thorough.
func TestFeatures_nothingElseIsSkipped(t *testing.T) {
	t.Parallel()
	skips := regexp.MustCompile(`\.Skip(f|Now|Below|Above|Between|If|IfNotPrerelease)?\(|\btesting\.Short\(`)
	var found []string
	for _, source := range testSources(t) {
		if source == "features_test.go" { // where skips is
			continue
		}
		for i, line := range strings.Split(readFile(t, source), "\n") {
			if skips.MatchString(line) {
				found = append(found, fmt.Sprintf("%s:%d: %s", source, i+1, strings.TrimSpace(line)))
			}
		}
	}
	if len(found) != 2 || !strings.HasPrefix(found[0], "../clitest/clitest.go:") || !strings.Contains(found[0], "func Thorough() bool") ||
		!strings.HasPrefix(found[1], "../clitest/versions.go:") || !strings.Contains(found[1], `t.Skipf("%s %d.%d has no %s", kind`) {
		t.Errorf("these lines leave tests out, want those of Thorough and Needs alone:\n%s", strings.Join(found, "\n"))
	}
}

// The pages of what older CLIs do not have say so.
func TestFeatures_pagesSayTheirVersion(t *testing.T) {
	t.Parallel()
	for folder, f := range map[string]clitest.Feature{
		"functions": clitest.Functions, "actions": clitest.Actions, "list-resources": clitest.Queries, "ephemeral-resources": {Name: "ephemeral resources", Terraform: 10, OpenTofu: 11},
	} {
		pages, err := filepath.Glob("../../docs/" + folder + "/*.md")
		if err != nil || len(pages) == 0 {
			t.Fatalf("%s: %d pages were found: %v", folder, len(pages), err)
		}
		want := fmt.Sprintf("need Terraform 1.%d or OpenTofu 1.%d", f.Terraform, f.OpenTofu)
		if f.OpenTofu == 0 {
			want = fmt.Sprintf("need Terraform 1.%d; OpenTofu does not have them yet", f.Terraform)
		}
		for _, page := range pages {
			if !strings.Contains(strings.ReplaceAll(strings.ToLower(readFile(t, page)), "needs", "need"), strings.ToLower(want)) {
				t.Errorf("%s does not say %q", page, want)
			}
		}
	}
}
