package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

// acknowledged is what the emulator confirmed before it was killed.
type acknowledged struct {
	mu       sync.Mutex
	count    int
	enough   chan struct{} // closed when it is time
	projects map[string]string
	active   []emulator.GeneratedAPIKey
	revoked  []emulator.GeneratedAPIKey
}

func (a *acknowledged) add(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	if a.count++; a.count == 100 {
		close(a.enough)
	}
}

// write creates projects with a key each, and revokes every second key, until the emulator
// is gone.
func (a *acknowledged) write(r *running, writer int) {
	for i := 0; ; i++ {
		name := fmt.Sprintf("project %d of writer %d", i, writer)
		var project emulator.Project
		if !create(r, "/v2/projects", fmt.Sprintf(`{"name":%q}`, name), &project) {
			return
		}
		a.add(func() { a.projects[name] = project.ID })
		var key emulator.GeneratedAPIKey
		if !create(r, "/v2/api-keys", fmt.Sprintf(`{"project_id":%q,"environment":"dev"}`, project.ID), &key) {
			return
		}
		if i%2 == 0 {
			a.add(func() { a.active = append(a.active, key) })
			continue
		}
		if status, _, err := r.request("DELETE", "/v2/api-keys/"+key.ID, nil); err != nil || status != http.StatusNoContent {
			return
		}
		a.add(func() { a.revoked = append(a.revoked, key) })
	}
}

func create(r *running, path, body string, result any) bool {
	status, data, err := r.request("POST", path, strings.NewReader(body))
	return err == nil && status == http.StatusCreated && json.Unmarshal(data, result) == nil
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data")
	r, process := startProcess(t, "-data", file)
	a := &acknowledged{enough: make(chan struct{}), projects: map[string]string{}}
	var writers sync.WaitGroup
	for writer := range 4 {
		writers.Go(func() { a.write(r, writer) })
	}
	<-a.enough
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-r.ended; err == nil {
		t.Fatal("it ended by itself")
	}
	writers.Wait()

	e, err := emulator.New(emulator.Options{DataFile: file})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.ManagementKey() != r.key {
		t.Error("the management key is lost")
	}
	ask := func(method, path, key string, into any) int {
		request := httptest.NewRequest(method, path, strings.NewReader("{}"))
		request.Header.Set("Authorization", "Bearer "+key)
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, request)
		if into != nil {
			if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
				t.Error(err)
			}
		}
		return answer.Code
	}
	for name, id := range a.projects {
		var project emulator.Project
		if status := ask("GET", "/v2/projects/"+id, r.key, &project); status != http.StatusOK || project.Name != name {
			t.Errorf("%s is lost: %d", name, status)
		}
		var environments emulator.Page[emulator.Environment]
		if ask("GET", "/v2/environments?project_id="+id, r.key, &environments); environments.TotalResults != 3 {
			t.Errorf("%s has %d environments", name, environments.TotalResults)
		}
	}
	for _, key := range a.active {
		if status := ask("POST", "/v1/traces", key.Key, nil); status != http.StatusOK {
			t.Errorf("an acknowledged key was answered %d", status)
		}
	}
	for _, key := range a.revoked {
		if status := ask("POST", "/v1/traces", key.Key, nil); status != http.StatusUnauthorized {
			t.Errorf("a revoked key was answered %d", status)
		}
	}
	if len(a.projects) == 0 || len(a.active) == 0 || len(a.revoked) == 0 {
		t.Errorf("nothing was proved: %d projects, %d active and %d revoked keys", len(a.projects), len(a.active), len(a.revoked))
	}
	var defaults emulator.Page[emulator.Project]
	if ask("GET", "/v2/projects?limit=1", r.key, &defaults); defaults.Data[0].Name != "Default project" {
		t.Errorf("the first project is %+v", defaults.Data[0])
	}
}
