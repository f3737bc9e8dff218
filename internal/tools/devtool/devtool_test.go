package devtool

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// talkative puts a `go` first on the PATH that says on standard error what it downloads, as the
// real one does where the module cache is empty.
func talkative(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the wrapper is a shell script")
	}
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho 'go: downloading example.com/module v1.0.0' >&2\nexec '%s' \"$@\"\n", path)
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestRootWhileModulesAreDownloaded(t *testing.T) {
	talkative(t)
	root, err := Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Errorf("the root is %q: %v", root, err)
	}
}

func TestRootOutsideTheModuleSaysWhy(t *testing.T) {
	talkative(t)
	t.Chdir(t.TempDir())
	_, err := Root(t.Context())
	for _, phrase := range []string{"inside a checkout", "go.mod", "go: downloading"} {
		if err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("the error does not say %q: %v", phrase, err)
		}
	}
}

func TestGoListHoldsNothingOfStandardError(t *testing.T) {
	talkative(t)
	listed, err := GoList(t.Context(), "-deps", Module)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(listed, Module+"/internal/provider") || strings.Contains(listed, "downloading") {
		t.Errorf("the list begins with %.100q", listed)
	}
}
