package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// features is the part of the guide on versions that has the table of features.
func features(t *testing.T) string {
	t.Helper()
	_, section, found := strings.Cut(guides(t)["versions"], "## Features by Version\n")
	section, _, ends := strings.Cut(section, "\n## ")
	if !found || !ends {
		t.Fatal("the guide on versions has no features")
	}
	return section
}

var featureRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`)

// Each row of the table of features names tests, and they exist.
func TestFeatures_testsExist(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, source := range sources {
		content, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(content), -1) {
			tests[match[1]] = true
		}
	}
	rows := featureRow.FindAllStringSubmatch(features(t), -1)
	if len(rows) < 12 {
		t.Fatalf("only %d features were found", len(rows))
	}
	version := regexp.MustCompile(`^(1\.\d+|–|experiment¹)$`)
	for i, row := range rows {
		feature, named := row[1], regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[4], -1)
		if i == 0 { // the head; the line below it has no spaces
			continue
		}
		if !version.MatchString(row[2]) || !version.MatchString(row[3]) {
			t.Errorf("%s: %q and %q are no versions", feature, row[2], row[3])
		}
		if len(named) == 0 {
			t.Errorf("%s: no test is named", feature)
		}
		for _, name := range named {
			if !strings.HasPrefix(name[1], "Test") || !tests[name[1]] {
				t.Errorf("%s: there is no test %s", feature, name[1])
			}
		}
	}
}

// What the table says of a CLI is what skips tests under it.
func TestFeatures_versionsAreThoseOfTheTests(t *testing.T) {
	t.Parallel()
	said := func(since int) string {
		if since == 0 {
			return "–"
		}
		return fmt.Sprintf("1.%d", since)
	}
	for phrase, f := range map[string]feature{"functions:": functions, "with an `identity`": identities, "[queries]": queries, "[revoking a leaked key]": actions, "[`destroy = false`]": forgetting} {
		found := false
		for _, row := range featureRow.FindAllStringSubmatch(features(t), -1) {
			if !strings.Contains(row[1], phrase) {
				continue
			}
			found = true
			if row[2] != said(f.terraform) || row[3] != said(f.openTofu) {
				t.Errorf("%s: the table says %s and %s, the tests %s and %s", f.name, row[2], row[3], said(f.terraform), said(f.openTofu))
			}
		}
		if !found {
			t.Errorf("there is no row of %s", f.name)
		}
	}
}

// Nothing but the version of the CLI skips a test of this package, and needs says so in one line,
// which the matrix of CLIs compares with the CLI at hand. What -short leaves out asks thorough.
func TestFeatures_nothingElseIsSkipped(t *testing.T) {
	t.Parallel()
	skips := regexp.MustCompile(`\.Skip(f|Now|Below|Above|Between|If|IfNotPrerelease)?\(|\btesting\.Short\(`)
	sources, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, source := range sources {
		if source == "features_test.go" { // where skips is
			continue
		}
		for i, line := range strings.Split(readFile(t, source), "\n") {
			if skips.MatchString(line) {
				found = append(found, fmt.Sprintf("%s:%d: %s", source, i+1, strings.TrimSpace(line)))
			}
		}
	}
	if len(found) != 2 || !strings.HasPrefix(found[0], "provider_test.go:") || !strings.Contains(found[0], "func thorough() bool") ||
		!strings.HasPrefix(found[1], "versions_test.go:") || !strings.Contains(found[1], `t.Skipf("%s %d.%d has no %s", kind`) {
		t.Errorf("these lines leave tests out, want those of thorough and needs alone:\n%s", strings.Join(found, "\n"))
	}
}

// The pages of what older CLIs do not have say so.
func TestFeatures_pagesSayTheirVersion(t *testing.T) {
	t.Parallel()
	for folder, f := range map[string]feature{
		"functions": functions, "actions": actions, "list-resources": queries, "ephemeral-resources": {"ephemeral resources", 10, 11},
	} {
		pages, err := filepath.Glob("../../docs/" + folder + "/*.md")
		if err != nil || len(pages) == 0 {
			t.Fatalf("%s: %d pages were found: %v", folder, len(pages), err)
		}
		want := fmt.Sprintf("need Terraform 1.%d or OpenTofu 1.%d", f.terraform, f.openTofu)
		if f.openTofu == 0 {
			want = fmt.Sprintf("need Terraform 1.%d; OpenTofu does not have them yet", f.terraform)
		}
		for _, page := range pages {
			if !strings.Contains(strings.ReplaceAll(strings.ToLower(readFile(t, page)), "needs", "need"), strings.ToLower(want)) {
				t.Errorf("%s does not say %q", page, want)
			}
		}
	}
}
