// Package docstest holds the documents to the code: guides and their workflows, examples, modules, scenarios, and the
// tables of features and of titles. What a guide tells its reader to do is done here, with the real CLI.
package docstest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// readFile reads a file by the elements of its path.
func readFile(t *testing.T, elem ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
