package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestFilesForScripts(t *testing.T) {
	t.Parallel()
	env, addr := filepath.Join(t.TempDir(), "emulator.env"), filepath.Join(t.TempDir(), "emulator.addr")
	// What an emulator that was killed has left.
	if err := os.WriteFile(env, []byte("export TRACELOOP_OLD=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(addr, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, stop := startHere(t, "-listen", "127.0.0.1:0", "-env-file", env, "-addr-file", addr, "-management-key", "it's-a-key")
	content, err := os.ReadFile(env)
	if err != nil || string(content) != r.stdout.String() || !strings.Contains(string(content), `'it'\''s-a-key'`) {
		t.Errorf("the file has %q, %v; stdout %q", content, err, r.stdout)
	}
	if info, err := os.Stat(env); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the file with the key: %v, %v", info.Mode(), err)
	}
	if content, err := os.ReadFile(addr); err != nil || "http://"+string(content) != r.url+"\n" {
		t.Errorf("the file has %q, %v", content, err)
	}
	stop()
	if err := <-r.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, path := range []string{env, addr} {
		entries, _ := os.ReadDir(filepath.Dir(path))
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
			t.Errorf("it left %v, %v", entries, err)
		}
	}
}

func TestFilesOfOthersStay(t *testing.T) {
	t.Parallel()
	for flag, content := range map[string]string{
		"-env-file":  "export PATH=/bin\nalias ll='ls -l'\n",
		"-addr-file": "127.0.0.1:80\nand more\n",
	} {
		path := filepath.Join(t.TempDir(), "profile")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // if it serves after all
		err := run(ctx, []string{"-listen", "127.0.0.1:0", flag, path}, &stdout, &stderr)
		cancel()
		if err == nil || !strings.Contains(err.Error(), flag+" "+path) || !strings.Contains(err.Error(), "other content") || stdout.Len() > 0 {
			t.Errorf("%v, %q", err, stdout.String())
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("the file has %q, %v", after, err)
		}
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
