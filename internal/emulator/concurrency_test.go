package emulator_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// together sends the same request n times at once, and counts the answers by status.
func together(t *testing.T, n int, request func(i int) (reply, error)) map[int]int {
	t.Helper()
	var mu sync.Mutex
	statuses := map[int]int{}
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			reply, err := request(i)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[reply.status]++
		})
	}
	close(start)
	all.Wait()
	return statuses
}

// Rule 5.
func TestOneKeyOutOfManyAtOnce(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	body := keyBody(s.Projects()[0].ID, "prd")
	got := together(t, 50, func(int) (reply, error) { return trySend(s, "POST", "/v2/api-keys", body) })
	if got[http.StatusCreated] != 1 || got[http.StatusConflict] != 49 {
		t.Errorf("answered %v, want one 201 and 49 times 409", got)
	}
	if keys := s.Keys(); len(keys) != 1 {
		t.Errorf("there are %d keys", len(keys))
	}
}

func TestOneCreationOutOfManyWithOneIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	got := together(t, 20, func(int) (reply, error) {
		return trySend(s, "POST", "/v2/projects", `{"name":"Orders"}`, idempotencyKey, "k")
	})
	if got[http.StatusCreated] != 20 || len(s.Projects()) != 2 {
		t.Errorf("answered %v, and there are %d projects", got, len(s.Projects()))
	}
}

// Rule 3: whichever comes first, the slug means one environment in the project.
func TestOneLevelOutOfTwoAtOnce(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	project := s.Projects()[0].ID
	got := together(t, 20, func(i int) (reply, error) {
		if i%2 == 0 {
			return trySend(s, "POST", "/v2/environments", `{"name":"Canary"}`)
		}
		return trySend(s, "POST", "/v2/environments", fmt.Sprintf(`{"name":"Canary","project_id":%q}`, project))
	})
	if got[http.StatusCreated] != 1 || got[http.StatusConflict] != 19 {
		t.Errorf("answered %v, want one 201 and 19 times 409", got)
	}
	wantSlugs(t, s, project, "dev", "stg", "prd", "canary")
}

func TestManyProjectsOfOneSlugAtOnce(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	got := together(t, 20, func(i int) (reply, error) {
		name := []byte("aaaaa") // upper and lower case: other names, the same slug
		for bit := range name {
			if i>>bit&1 == 1 {
				name[bit] = 'A'
			}
		}
		return trySend(s, "POST", "/v2/projects", fmt.Sprintf(`{"name":%q}`, name))
	})
	seen := map[string]bool{}
	for _, project := range s.Projects() {
		seen[project.Slug] = true
	}
	if got[http.StatusCreated] != 20 || len(seen) != 21 {
		t.Errorf("answered %v, with %d slugs", got, len(seen))
	}
}
