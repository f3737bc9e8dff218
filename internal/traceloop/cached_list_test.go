package traceloop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// estate is a service that holds projects and pages them by hundreds.
type estate struct {
	mu       sync.Mutex
	projects []string // ids, in order
	requests int
	lists    int
	failList bool
	total    string        // what the list says there is; empty: the truth
	onList   func(*estate) // while a page is being answered
}

func newEstate(n int) *estate {
	e := &estate{}
	for i := range n {
		e.projects = append(e.projects, fmt.Sprintf("p%d", i))
	}
	return e
}

func (e *estate) answer(w http.ResponseWriter, r *http.Request) {
	time.Sleep(50 * time.Millisecond) // of the bubble
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests++
	id, one := strings.CutPrefix(r.URL.Path, contractPaths.Projects+"/")
	switch {
	case r.Method == http.MethodDelete:
		e.projects = slices.DeleteFunc(e.projects, func(p string) bool { return p == id })
		w.WriteHeader(http.StatusNoContent)
	case one && slices.Contains(e.projects, id):
		answer(200, estateProject(id))(w, r)
	case one:
		refusal(404)(w, r)
	case e.failList:
		e.lists++
		refusal(400)(w, r)
	default:
		e.lists++
		from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		to := min(from+100, len(e.projects))
		next := ""
		if to < len(e.projects) {
			next = strconv.Itoa(to)
		}
		var data []string
		for _, p := range e.projects[from:to] {
			data = append(data, estateProject(p))
		}
		if e.onList != nil {
			e.onList(e)
		}
		total := cmp.Or(e.total, strconv.Itoa(len(e.projects)))
		answer(200, fmt.Sprintf(`{"data":[%s],"next_cursor":%q,"total_results":%s}`, strings.Join(data, ","), next, total))(w, r)
	}
}

func estateProject(id string) string {
	return fmt.Sprintf(`{"id":%q,"name":%q,"slug":"x","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z"}`, id, id)
}

// readAll reads projects as Terraform does, ten at a time, in any order.
func readAll(t *testing.T, c *Client, ids []string) {
	t.Helper()
	ids = slices.Clone(ids)
	rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	queue := make(chan string)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for id := range queue {
				if p, err := c.GetProject(t.Context(), id); err != nil || p.ID != id {
					t.Errorf("reading %s: %v, %v", id, p, err)
				}
			}
		})
	}
	for _, id := range ids {
		queue <- id
	}
	close(queue)
	wg.Wait()
}

// The promise: at most twice the cheaper of one GET each and all the pages.
func TestCachedListCost(t *testing.T) {
	for _, estateSize := range []int{1, 2, 99, 100, 101, 250, 1000, 5000} {
		for _, reads := range []int{1, 2, 3, 5, 10, 40, 100, 1000} {
			if reads > estateSize {
				continue
			}
			t.Run(fmt.Sprintf("%d of %d", reads, estateSize), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					e := newEstate(estateSize)
					c := serve(t, e.answer).client(Config{})
					perm := rand.Perm(estateSize)[:reads]
					var ids []string
					for _, i := range perm {
						ids = append(ids, e.projects[i])
					}
					readAll(t, c, ids)
					pages := (estateSize + 99) / 100
					limit := 2 * min(reads, pages)
					switch reads {
					case 1:
						limit = 1
					case estateSize: // then a read waits for its page instead of a GET
						limit = min(limit, pages+2)
					}
					if e.requests > limit {
						t.Errorf("%d requests, want at most %d", e.requests, limit)
					}
					before := e.requests
					readAll(t, c, ids)
					if e.requests != before {
						t.Errorf("reading the same again took %d requests, want none", e.requests-before)
					}
				})
			})
		}
	}
}

// How many pages there are is a hint: one that is wrong costs requests and no more.
func TestCachedListDoesNotRelyOnTheTotal(t *testing.T) {
	for _, total := range []string{`"many"`, "null", "-1", "0", "9223372036854775807", "1e400"} {
		synctest.Test(t, func(t *testing.T) {
			e := newEstate(300)
			e.total = total
			c := serve(t, e.answer).client(Config{})
			readAll(t, c, e.projects)
			if e.requests > 300 {
				t.Errorf("with a total of %s: %d requests", total, e.requests)
			}
		})
	}
}

// A list that fails leaves every read its own GET.
func TestCachedListFallsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(300)
		e.failList = true
		c := serve(t, e.answer).client(Config{})
		readAll(t, c, e.projects[:50])
		if e.lists != 1 || e.requests != 51 {
			t.Errorf("%d requests, %d of them lists; want 51 and 1", e.requests, e.lists)
		}
	})
}

// Objects move to an earlier page while the list is read, so that it misses some.
func TestCachedListLosesNothingWhenAPageChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(300)
		ids := slices.Clone(e.projects[150:])
		e.onList = func(e *estate) { // this service's cursors are positions: deleting shifts the rest
			if len(e.projects) > 200 {
				e.projects = e.projects[30:]
			}
		}
		c := serve(t, e.answer).client(Config{})
		readAll(t, c, ids)
	})
}

// A read that begins after a write has ended never sees the past.
func TestCachedListForgetsAtAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(50)
		c := serve(t, e.answer).client(Config{})
		readAll(t, c, e.projects)

		// A page is under way while the write happens; it may show the past.
		under := make(chan error)
		c.projects.forget()
		go func() {
			for _, err := range c.ListProjects(context.Background()) {
				if err != nil {
					under <- err
					return
				}
			}
			under <- nil
		}()
		if err := c.DeleteProject(t.Context(), "p7"); err != nil {
			t.Fatal(err)
		}
		if err := <-under; err != nil {
			t.Fatal(err)
		}
		if _, err := c.GetProject(t.Context(), "p7"); !IsNotFound(err) {
			t.Errorf("got %v, want a 404", err)
		}
		for p, err := range c.ListProjects(t.Context()) {
			if err != nil || p.ID == "p7" {
				t.Errorf("the list shows %s, %v", p.ID, err)
			}
		}
	})
}

// One reader's interrupt is not another's failure.
func TestCachedListCancelledReaderLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(50)
		c := serve(t, e.answer).client(Config{})
		readAll(t, c, []string{"p1"})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.GetProject(ctx, "p2"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the interrupt", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := c.GetProject(t.Context(), "p3"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		if e.requests != 2 || e.lists != 1 {
			t.Errorf("%d requests, %d of them lists; want the list to go on for the other reader", e.requests, e.lists)
		}
	})
}

// Behind a wrong base URL everything is "not found", and nothing is gone for that.
func TestNotFoundBehindAWrongBaseURL(t *testing.T) {
	s := serve(t, refusal(404))
	c, p := s.client(Config{}), s.project(Config{})
	_, project := c.GetProject(t.Context(), "p1")
	_, environment := c.GetEnvironment(t.Context(), "e1")
	_, key := c.GetAPIKey(t.Context(), "k1")
	_, setup := p.GetAutoMonitorSetup(t.Context(), "a", "ep")
	_, evaluator := p.GetEvaluator(t.Context(), "ev-1")
	for _, err := range []error{
		project, environment, key, setup, evaluator, c.DeleteProject(t.Context(), "p1"), c.RevokeAPIKey(t.Context(), "k1"), p.DeleteAutoMonitorSetup(t.Context(), "a", "ep"),
	} {
		if as[*UnreadableError](t, err); IsNotFound(err) {
			t.Errorf("%v counts as gone", err)
		}
	}
}

// A filtered list that is read alone costs its own pages and no more.
func TestFilteredListAlone(t *testing.T) {
	key := func(i int) string { return strings.Replace(apiKeyJSON, `"k1"`, fmt.Sprintf(`"k%d"`, i), 1) }
	var pages []http.HandlerFunc
	for i, next := range []string{"1", "2", ""} {
		var keys []string
		for k := i * 100; k < min(250, i*100+100); k++ {
			keys = append(keys, key(k))
		}
		pages = append(pages, answer(200, fmt.Sprintf(`{"data":[%s],"next_cursor":%q,"total_results":250}`, strings.Join(keys, ","), next)))
	}
	s := serve(t, inTurn(pages...))
	if keys := all(t, s.client(Config{}).ListAPIKeys(t.Context(), APIKeyFilter{ProjectID: "p1"})); len(keys) != 250 || len(s.got()) != 3 {
		t.Errorf("%d keys with %d requests, want 250 with 3", len(keys), len(s.got()))
	}
}

// TestCachedListMemory keeps 10,000 objects. It does not run beside others, whose memory it
// would take for its own.
func TestCachedListMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(10_000)
		c := serve(t, e.answer).client(Config{})
		all(t, c.ListProjects(t.Context())) // connections and their buffers
		c.projects.forget()
		before := heap()
		projects := all(t, c.ListProjects(t.Context()))
		perObject := (heap() - before) / int64(len(projects))
		runtime.KeepAlive(projects)
		runtime.KeepAlive(c)
		if perObject < 100 || perObject > 1000 {
			t.Errorf("a cached object takes %d bytes instead of less than 1,000", perObject)
		}
	})
}

// heap is what is in use, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the first may leave what finalizers and pools still hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
