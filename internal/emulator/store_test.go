package emulator_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestDataFileIsReopened(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data 100%?#.db")
	first := emulatortest.Start(t, emulatortest.WithDataFile(file))
	first.DeleteProject(first.Projects()[0].ID)
	project := first.CreateProject("Orders")
	_, key := first.GenerateKey(project.ID, "dev")
	first.SendSpans(key, 3)
	post(t, first, "/v2/projects", `{"name":"Billing"}`, idempotencyKey, "k")
	first.Close()

	second := emulatortest.Start(t, emulatortest.WithDataFile(file))
	if projects := second.Projects(); len(projects) != 2 || projects[0] != project {
		t.Errorf("reopened with %+v: want what was left, and no new Default project", projects)
	}
	if status := second.SendSpans(key, 1); status != 200 {
		t.Errorf("the key was answered %d", status)
	}
	if accepted := second.Traces().Accepted; len(accepted) != 1 || accepted[0].Spans != 4 {
		t.Errorf("accepted %+v", accepted)
	}
	if repeat := post(t, second, "/v2/projects", `{"name":"Billing"}`, idempotencyKey, "k"); repeat.status != 201 {
		t.Errorf("a repeat across the restart was answered %d %s", repeat.status, repeat.body)
	}
	second.Close()
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), filepath.Base(file)) {
			t.Errorf("the data went to %q", entry.Name())
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(file), entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(key)) {
			t.Errorf("%s holds the key in clear", entry.Name())
		}
	}
}

func TestDataFileKeepsTheManagementKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data")
	start := func(given string) (key string) {
		e, err := emulator.New(emulator.Options{DataFile: file, ManagementKey: given})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		return e.ManagementKey()
	}
	first := start("")
	if again := start(""); again != first {
		t.Errorf("the second start has the key %q, the first one had %q", again, first)
	}
	if given := start("a-key-of-my-own"); given != "a-key-of-my-own" {
		t.Errorf("the key given is not used, but %q", given)
	}
	if kept := start(""); kept != "a-key-of-my-own" {
		t.Errorf("the key given is not kept, but %q", kept)
	}
	if _, err := emulator.New(emulator.Options{DataFile: file, ManagementKey: "short"}); err == nil {
		t.Error("a key that is too short was taken")
	}
	if kept := start(""); kept != "a-key-of-my-own" {
		t.Errorf("a key that was refused has changed the one kept to %q", kept)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the file: %v, %v", info.Mode(), err)
	}
}

func TestForeignDataFiles(t *testing.T) {
	t.Parallel()
	for content, says := range map[string]string{
		"hello":                      "not a SQLite database",
		strings.Repeat("hello", 100): "not a SQLite database",
		"CREATE TABLE t (c)":         "another program's database",
		"PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE t (c)":          "another program's database",
		"PRAGMA application_id = 0x544c656d; PRAGMA user_version = 1; CREATE TABLE t (c)": "another version of the emulator made it",
		"PRAGMA application_id = 0x544c656d; PRAGMA user_version = 6; CREATE TABLE t (c)": "another version of the emulator made it",
	} {
		path := filepath.Join(t.TempDir(), "data")
		if strings.HasPrefix(content, "hello") {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(content); err != nil {
				t.Fatal(err)
			}
			db.Close()
		}
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := emulator.New(emulator.Options{DataFile: path}); err == nil {
			e.Close()
			t.Errorf("%.80s: it was opened", content)
		} else if !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want an error that says %q and where", err, says)
		}
		after, err := os.ReadFile(path)
		entries, listing := os.ReadDir(filepath.Dir(path))
		if err != nil || listing != nil || !bytes.Equal(before, after) || len(entries) != 1 {
			t.Errorf("%.80s: the file was changed, or others were made beside it: %v", content, entries)
		}
	}
}

func TestDataFileThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none", "data")} {
		if _, err := emulator.New(emulator.Options{DataFile: path}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
