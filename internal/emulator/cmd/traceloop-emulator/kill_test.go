package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

// confirmed is a path that the emulator has confirmed, with the status of a read.
type confirmed struct {
	path   string
	status int
}

// write creates projects with a key each, and revokes every second key, until the emulator is gone.
func write(r *running, confirms chan<- confirmed) {
	create := func(path, body string) (id string) {
		var created struct{ ID string }
		status, data, err := r.request("POST", path, strings.NewReader(body))
		if err != nil || status != http.StatusCreated || json.Unmarshal(data, &created) != nil {
			return ""
		}
		return created.ID
	}
	defer close(confirms)
	for i := 0; ; i++ {
		project := create("/v2/projects", fmt.Sprintf(`{"name":"project %d"}`, i))
		key := create("/v2/api-keys", fmt.Sprintf(`{"project_id":%q,"environment":"dev"}`, project))
		if key == "" {
			return
		}
		confirms <- confirmed{"/v2/projects/" + project, http.StatusOK}
		if i%2 == 0 {
			confirms <- confirmed{"/v2/api-keys/" + key, http.StatusOK}
			continue
		}
		if status, _, err := r.request("DELETE", "/v2/api-keys/"+key, nil); err != nil || status != http.StatusNoContent {
			return
		}
		confirms <- confirmed{"/v2/api-keys/" + key, http.StatusNotFound}
	}
}

func TestKillLosesNothingConfirmed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data")
	r, process := startProcess(t, "-data", file)
	confirms := make(chan confirmed)
	go write(r, confirms)
	statuses, n := map[string]int{}, 0
	for c := range confirms {
		statuses[c.path] = c.status
		if n++; n == 100 {
			if err := process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := <-r.ended; err == nil {
		t.Fatal("it ended by itself")
	}
	e, err := emulator.New(emulator.Options{DataFile: file})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.ManagementKey() != r.key {
		t.Error("the management key is lost")
	}
	found := map[int]int{}
	for path, want := range statuses {
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
