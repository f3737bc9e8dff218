package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Whatever comes together, the rules hold, since the database has them.
func TestTogether(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path    string
		body    func(i int, project string) string
		created int // of 20
		left    func(*emulatortest.Server) int
		want    int
	}{
		"one key": { // Rule 5
			"/v2/api-keys", func(_ int, project string) string { return keyBody(project, "prd") },
			1, func(s *emulatortest.Server) int { return len(s.Keys()) }, 1,
		},
		"one Idempotency-Key": {
			"/v2/projects", func(int, string) string { return `{"name":"Orders"}` },
			20, func(s *emulatortest.Server) int { return len(s.Projects()) }, 2,
		},
		"one slug at two levels": { // Rule 3
			"/v2/environments", func(i int, project string) string {
				if i%2 == 0 {
					return `{"name":"Canary"}`
				}
				return fmt.Sprintf(`{"name":"Canary","project_id":%q}`, project)
			},
			1, func(s *emulatortest.Server) int { return len(s.Environments(s.Projects()[0].ID)) }, 4,
		},
		"names of one slug": {
			"/v2/projects", func(i int, _ string) string { return fmt.Sprintf(`{"name":"a%s"}`, strings.Repeat("!", i)) },
			20, func(s *emulatortest.Server) int {
				slugs := map[string]bool{}
				for _, project := range s.Projects() {
					slugs[project.Slug] = true
				}
				return len(slugs)
			}, 21,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := emulatortest.Start(t)
			project := s.Projects()[0].ID
			var created atomic.Int64
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range 20 {
				all.Go(func() {
					<-start
					key := fmt.Sprint("k", i)
					if name == "one Idempotency-Key" {
						key = "k"
					}
					r, err := trySend(s, "POST", test.path, test.body(i, project), idempotencyKey, key)
					switch {
					case err == nil && r.status == http.StatusCreated:
						created.Add(1)
					case err != nil || r.status != http.StatusConflict:
						t.Errorf("%d, %v", r.status, err)
					}
				})
			}
			close(start)
			all.Wait()
			if left := test.left(s); int(created.Load()) != test.created || left != test.want {
				t.Errorf("%d were created, want %d; %d are there, want %d", created.Load(), test.created, left, test.want)
			}
		})
	}
}
