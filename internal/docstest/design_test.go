package docstest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The files, tests and declarations that the documents for contributors name can be found.
func TestDesign_namesExist(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, source := range testSources(t) {
		tests.WriteString(readFile(t, source))
	}
	for _, base := range []string{"../provider/base/ledger_test.go", "../emulator/emulatortest/server_test.go"} {
		tests.WriteString(readFile(t, base))
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	path, testName, declared := regexp.MustCompile(`^(internal|templates|examples|\.ci|\.github)/[\w/.-]+$`), regexp.MustCompile(`^(Test|Example)[A-Z]\w*$`), regexp.MustCompile(`^[A-Za-z]\w+$`)
	found := 0
	for _, document := range []string{"DESIGN.md", "CONTRIBUTING.md"} {
		for line := range strings.SplitSeq(readFile(t, "../../"+document), "\n") {
			if strings.HasPrefix(line, "- Upstream:") {
				continue
			}
			file := "" // that the line begins with
			for _, match := range quoted.FindAllStringSubmatch(line, -1) {
				name := match[1]
				switch {
				case path.MatchString(name):
					if _, err := os.Stat("../../" + name); err != nil {
						t.Errorf("%s names %s, which does not exist", document, name)
					}
					if strings.HasPrefix(line, "`"+name) {
						file = name
					}
				case testName.MatchString(name):
					if !strings.Contains(tests.String(), "func "+name+"(") {
						t.Errorf("%s names %s, which does not exist", document, name)
					}
				case file != "" && declared.MatchString(name):
					if !regexp.MustCompile(`(?m)^(func (\([^)]+\) )?|type )` + name + `\b`).MatchString(readFile(t, "../../"+file)) {
						t.Errorf("%s names %s, which %s does not have", document, name, file)
					}
				default:
					continue
				}
				found++
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d names were found", found)
	}
}
