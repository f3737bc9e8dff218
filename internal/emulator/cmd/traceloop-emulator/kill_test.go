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

// acknowledged are the paths of what the emulator confirmed before it was killed, with the status of
// a read.
type acknowledged struct {
	sync.Mutex
	statuses map[string]int
	enough   chan struct{} // closed when it is time
}

func (a *acknowledged) add(path string, status int) {
	a.Lock()
	defer a.Unlock()
	if a.statuses[path] = status; len(a.statuses) == 100 {
		close(a.enough)
	}
}

// write creates projects with a key each, and revokes every second key, until the emulator is gone.
func (a *acknowledged) write(r *running, writer int) {
	create := func(path, body string) (id string) {
		var created struct{ ID string }
		status, data, err := r.request("POST", path, strings.NewReader(body))
		if err != nil || status != http.StatusCreated || json.Unmarshal(data, &created) != nil {
			return ""
		}
		return created.ID
	}
	for i := 0; ; i++ {
		project := create("/v2/projects", fmt.Sprintf(`{"name":"project %d of writer %d"}`, i, writer))
		if project == "" {
			return
		}
		a.add("/v2/projects/"+project, http.StatusOK)
		key := create("/v2/api-keys", fmt.Sprintf(`{"project_id":%q,"environment":"dev"}`, project))
		switch {
		case key == "":
			return
		case i%2 == 0:
			a.add("/v2/api-keys/"+key, http.StatusOK)
			continue
		}
		if status, _, err := r.request("DELETE", "/v2/api-keys/"+key, nil); err != nil || status != http.StatusNoContent {
			return
		}
		a.add("/v2/api-keys/"+key, http.StatusNotFound)
	}
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data")
	r, process := startProcess(t, "-data", file)
	a := &acknowledged{statuses: map[string]int{}, enough: make(chan struct{})}
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
	found := map[int]int{}
	for path, want := range a.statuses {
		request := httptest.NewRequest("GET", path, nil)
		request.Header.Set("Authorization", "Bearer "+r.key)
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, request)
		if found[answer.Code]++; answer.Code != want {
			t.Errorf("%s was answered %d, want %d", path, answer.Code, want)
		}
	}
	if found[http.StatusOK] == 0 || found[http.StatusNotFound] == 0 {
		t.Errorf("nothing was proved: %v", found)
	}
}
