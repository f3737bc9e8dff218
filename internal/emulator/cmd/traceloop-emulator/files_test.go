package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestFileForScripts(t *testing.T) {
	t.Parallel()
	env := filepath.Join(t.TempDir(), "emulator.env")
	// What an emulator that was killed has left.
	if err := os.WriteFile(env, []byte("export TRACELOOP_OLD=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, stop := startHere(t, "-listen", "127.0.0.1:0", "-env-file", env, "-management-key", "it's-a-key")
	content, err := os.ReadFile(env)
	if err != nil || string(content) != r.stdout.String() || !strings.Contains(string(content), `'it'\''s-a-key'`) {
		t.Errorf("the file has %q, %v; stdout %q", content, err, r.stdout)
	}
	if info, err := os.Stat(env); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the file with the key: %v, %v", info.Mode(), err)
	}
	stop()
	if err := <-r.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(env)); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

func TestFileOfOthersStays(t *testing.T) {
	t.Parallel()
	path, content := filepath.Join(t.TempDir(), "profile"), "export PATH=/bin\nalias ll='ls -l'\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // if it serves after all
	defer cancel()
	err := run(ctx, []string{"-listen", "127.0.0.1:0", "-env-file", path}, &stdout, &stderr)
	if err == nil || !strings.Contains(err.Error(), "-env-file "+path) || !strings.Contains(err.Error(), "other content") || stdout.Len() > 0 {
		t.Errorf("%v, %q", err, stdout.String())
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != content {
		t.Errorf("the file has %q, %v", after, err)
	}
}

// A file that another emulator has written since is that one's.
func TestFileOfANewerEmulatorStays(t *testing.T) {
	t.Parallel()
	env := filepath.Join(t.TempDir(), "emulator.env")
	first, stop := startHere(t, "-listen", "127.0.0.1:0", "-env-file", env)
	second, stopSecond := startHere(t, "-listen", "127.0.0.1:0", "-env-file", env)
	stop()
	<-first.ended
	if content, err := os.ReadFile(env); err != nil || string(content) != second.stdout.String() {
		t.Errorf("the file has %q, %v", content, err)
	}
	stopSecond()
	<-second.ended
}

// A browser that follows does not hold the emulator up when it is told to stop.
func TestStopEndsStreams(t *testing.T) {
	t.Parallel()
	r, stop := startHere(t, "-listen", "127.0.0.1:0")
	response, err := http.Get(r.url + "/ui/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := response.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stop()
	if err := <-r.ended; err != nil || time.Since(began) > grace/2 {
		t.Errorf("it ended with %v after %v", err, time.Since(began))
	}
	if strings.Contains(r.stderr.String(), "cut off") {
		t.Errorf("the log says: %s", r.stderr)
	}
}
