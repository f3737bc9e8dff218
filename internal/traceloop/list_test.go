package traceloop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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

// estate is a service that holds projects, environments and keys, and pages them by hundreds. Its
// cursors are positions.
type estate struct {
	mu       sync.Mutex
	objects  map[string][]held // by collection
	failList bool
	total    string        // what a list says there is; empty: the truth
	onList   func(*estate) // while a page is being answered
}

// held is an object. One without a project is an organization-level environment, or a project.
type held struct{ id, project, environment string }

func (e *estate) answer(w http.ResponseWriter, r *http.Request) {
	time.Sleep(50 * time.Millisecond) // of the bubble
	e.mu.Lock()
	defer e.mu.Unlock()
	collection, id, one := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	all, query := e.objects[collection], r.URL.Query()
	i := slices.IndexFunc(all, func(h held) bool { return h.id == id })
	filter := held{project: query.Get("project_id"), environment: query.Get("environment")}
	switch {
	case one && i < 0, filter.project != "" && !slices.Contains(e.objects["projects"], held{id: filter.project}):
		refusal(404)(w, r)
	case r.Method == http.MethodDelete:
		e.objects[collection] = slices.Delete(all, i, i+1)
		good(w, r)
	case r.Method == http.MethodPost:
		var key APIKeyRequest
		_ = json.NewDecoder(r.Body).Decode(&key)
		added := held{fmt.Sprintf("new-%d", len(all)), key.ProjectID, key.Environment}
		e.objects[collection] = append(all, added)
		answer(201, added.json())(w, r)
	case one:
		answer(200, all[i].json())(w, r)
	case e.failList:
		refusal(400)(w, r)
	default:
		var selected []string
		for _, h := range all {
			if (filter.project == "" || h.project == "" || h.project == filter.project) && (filter.environment == "" || h.environment == filter.environment) {
				selected = append(selected, h.json())
			}
		}
		from, _ := strconv.Atoi(query.Get("cursor"))
		to, next := min(from+100, len(selected)), ""
		if to < len(selected) {
			next = strconv.Itoa(to)
		}
		if e.onList != nil {
			e.onList(e)
		}
		total := cmp.Or(e.total, strconv.Itoa(len(selected)))
		answer(200, fmt.Sprintf(`{"data":[%s],"next_cursor":%q,"total_results":%s}`, strings.Join(selected[from:to], ","), next, total))(w, r)
	}
}

// json has the fields of all kinds of objects.
func (h held) json() string {
	scope := ScopeProject
	if h.project == "" {
		scope = ScopeOrganization
	}
	return fmt.Sprintf(`{"id":%q,"name":%[1]q,"slug":"x","scope":%q,"project_id":%q,"environment":%q,"api_key":"tl_secret","created_at":"2026-01-02T03:04:05Z"}`,
		h.id, scope, h.project, h.environment)
}

func newEstate(projects int) *estate {
	e := &estate{objects: map[string][]held{}}
	for i := range projects {
		e.objects["projects"] = append(e.objects["projects"], held{id: fmt.Sprintf("p%d", i)})
	}
	return e
}

func (e *estate) remove(collection, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.objects[collection] = slices.DeleteFunc(e.objects[collection], func(h held) bool { return h.id == id })
}

// read is one read of a client.
type read struct {
	collection string
	cost       int // requests by itself
	do         func(context.Context, *Client) (ids []string, err error)
	want       []string
	ofProject  bool // it may have to ask whether the project exists
}

// readProjects are reads by id.
func (e *estate) readProjects() (reads []read) {
	for _, p := range e.objects["projects"] {
		reads = append(reads, read{"projects", 1, func(ctx context.Context, c *Client) ([]string, error) {
			return projectIDs(only(c.GetProject(ctx, p.id)))
		}, []string{p.id}, false})
	}
	return reads
}

func (e *estate) readKeys(filter APIKeyFilter) read {
	var want []string
	for _, k := range e.objects["api-keys"] {
		if (filter.ProjectID == "" || filter.ProjectID == k.project) && (filter.Environment == "" || filter.Environment == k.environment) {
			want = append(want, k.id)
		}
	}
	return read{"api-keys", pagesOf(len(want)), func(ctx context.Context, c *Client) ([]string, error) { return keyIDs(c.ListAPIKeys(ctx, filter)) }, want, false}
}

func readKey(id string) read {
	return read{"api-keys", 1, func(ctx context.Context, c *Client) ([]string, error) { return keyIDs(only(c.GetAPIKey(ctx, id))) }, []string{id}, false}
}

// newMixed is an organization with environments of both scopes, of which one has most of the keys, and
// all reads of it by id and by filter. Some projects have no keys.
func newMixed(projects int) (*estate, []read) {
	e := newEstate(projects)
	e.objects["environments"] = []held{{id: "dev"}, {id: "prd"}}
	var reads []read
	for i, p := range e.objects["projects"] {
		want := []string{"dev", "prd"}
		if i%3 == 0 {
			own := "own-" + p.id
			e.objects["environments"] = append(e.objects["environments"], held{own, p.id, ""})
			e.objects["api-keys"] = append(e.objects["api-keys"], held{"k-" + own, p.id, own})
			want = append(want, own)
			reads = append(reads, read{"environments", 1, func(ctx context.Context, c *Client) ([]string, error) {
				return environmentIDs(only(c.GetEnvironment(ctx, own)))
			}, []string{own}, false})
		}
		if i%10 > 0 {
			e.objects["api-keys"] = append(e.objects["api-keys"], held{"k-" + p.id, p.id, "prd"})
		}
		reads = append(reads, read{"environments", 1, func(ctx context.Context, c *Client) ([]string, error) {
			return environmentIDs(c.ListEnvironments(ctx, EnvironmentFilter{p.id}))
		}, want, true})
		if i%3 == 0 || i%10 > 0 {
			reads = append(reads, e.readKeys(APIKeyFilter{ProjectID: p.id}))
		}
	}
	for _, k := range e.objects["api-keys"] {
		reads = append(reads, readKey(k.id), e.readKeys(APIKeyFilter{k.project, k.environment}))
	}
	return e, append(reads, e.readKeys(APIKeyFilter{Environment: "prd"}), e.readKeys(APIKeyFilter{Environment: "own-p0"}))
}

func pagesOf(objects int) int { return max(1, (objects+99)/100) }

// only yields one object.
func only[T any](object *T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			yieldAll(nil, err, yield)
			return
		}
		yield(*object, nil)
	}
}

func idsOf[T any](list iter.Seq2[T, error], id func(T) string) (ids []string, err error) {
	objects, err := collect(list)
	for _, object := range objects {
		ids = append(ids, id(object))
	}
	return ids, err
}

func projectIDs(list iter.Seq2[Project, error]) ([]string, error) {
	return idsOf(list, func(p Project) string { return p.ID })
}

func environmentIDs(list iter.Seq2[Environment, error]) ([]string, error) {
	return idsOf(list, func(e Environment) string { return e.ID })
}

func keyIDs(list iter.Seq2[APIKey, error]) ([]string, error) {
	return idsOf(list, func(k APIKey) string { return k.ID })
}

// carryOut reads as Terraform does, ten at a time, in any order.
func carryOut(t *testing.T, c *Client, reads []read) {
	t.Helper()
	queue := make(chan read)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for r := range queue {
				if got, err := r.do(t.Context(), c); err != nil || !slices.Equal(got, r.want) {
					t.Errorf("%s: got %v, %v, want %v", r.collection, got, err, r.want)
				}
			}
		})
	}
	for _, i := range rand.Perm(len(reads)) {
		queue <- reads[i]
	}
	close(queue)
	wg.Wait()
}

// The promise: at most twice the cheaper of one GET each and all the pages.
func TestCachedListCost(t *testing.T) {
	for _, size := range []int{1, 2, 99, 100, 101, 250, 1000, 5000} {
		for _, n := range []int{1, 2, 3, 5, 10, 40, 100, 1000} {
			if n > size {
				continue
			}
			t.Run(fmt.Sprintf("%d of %d", n, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					e := newEstate(size)
					s := serve(t, e.answer)
					c, reads := s.client(Config{}), e.readProjects()
					rand.Shuffle(size, func(i, j int) { reads[i], reads[j] = reads[j], reads[i] })
					reads = reads[:n]
					carryOut(t, c, reads)
					limit := 2 * min(n, pagesOf(size))
					switch n {
					case 1:
						limit = 1
					case size: // then a read waits for its page instead of a GET
						limit = min(limit, pagesOf(size)+2)
					}
					first := len(s.got())
					if carryOut(t, c, reads); first > limit || len(s.got()) > first {
						t.Errorf("%d requests, want at most %d; reading the same again took %d, want none", first, limit, len(s.got())-first)
					}
				})
			})
		}
	}
}

// Also where objects are read by id and by filter.
func TestMixedReadsCost(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 8, 20, 100, 0} {
		synctest.Test(t, func(t *testing.T) {
			e, reads := newMixed(350)
			for range 5 {
				s := serve(t, e.answer)
				alone := map[string]int{}
				rand.Shuffle(len(reads), func(i, j int) { reads[i], reads[j] = reads[j], reads[i] })
				some := reads[:cmp.Or(n, len(reads))]
				for _, r := range some {
					alone[r.collection] += r.cost
					if r.ofProject {
						alone["projects"]++
					}
				}
				carryOut(t, s.client(Config{}), some)
				for collection, objects := range e.objects {
					requests := 0
					for _, r := range s.got() {
						if strings.HasPrefix(r.path, "/v2/"+collection) {
							requests++
						}
					}
					if limit := 2 * min(alone[collection], pagesOf(len(objects))); requests > limit {
						t.Errorf("%d reads: %d requests of %s, want at most %d", len(some), requests, collection, limit)
					}
				}
			}
		})
	}
}

// A list of all the keys of one environment is about as long as the list of all keys.
func TestMixedReadsCost_longFilter(t *testing.T) {
	for _, before := range []int{0, 1, 2, 3, 4, 10} {
		synctest.Test(t, func(t *testing.T) {
			e, _ := newMixed(350)
			s := serve(t, e.answer)
			c, keys := s.client(Config{}), e.objects["api-keys"]
			var reads []read
			for _, k := range keys {
				reads = append(reads, readKey(k.id))
			}
			for _, r := range append(append(reads[len(keys)-before:], e.readKeys(APIKeyFilter{Environment: "prd"})), reads...) {
				if got, err := r.do(t.Context(), c); err != nil || !slices.Equal(got, r.want) {
					t.Fatalf("%v, %v, want %v", got, err, r.want)
				}
			}
			if limit := 2 * pagesOf(len(keys)); len(s.got()) > limit {
				t.Errorf("a filter after %d reads, then all keys: %d requests, want at most %d", before, len(s.got()), limit)
			}
		})
	}
}

// Before a plan of new keys, each project is asked for its keys: the lists of all keys and of
// all projects answer.
func TestProjectsWithoutKeysCost(t *testing.T) {
	for _, projects := range []int{1, 60, 250} {
		synctest.Test(t, func(t *testing.T) {
			e := newEstate(projects)
			for i := 1; i < projects; i += 2 {
				id := fmt.Sprintf("p%d", i)
				e.objects["api-keys"] = append(e.objects["api-keys"], held{"k-" + id, id, "prd"})
			}
			var reads []read
			for _, p := range e.objects["projects"] {
				reads = append(reads, e.readKeys(APIKeyFilter{ProjectID: p.id}))
			}
			for range 5 {
				s := serve(t, e.answer)
				carryOut(t, s.client(Config{}), reads)
				if limit := 2 * min(projects, pagesOf(projects/2)+pagesOf(projects)); len(s.got()) > limit {
					t.Errorf("the keys of %d projects: %d requests, want at most %d", projects, len(s.got()), limit)
				}
			}
		})
	}
}

// A filtered list that is read alone costs its own pages and no more.
func TestFilteredListAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(2)
		for i := range 500 {
			e.objects["api-keys"] = append(e.objects["api-keys"], held{fmt.Sprintf("k%d", i), fmt.Sprintf("p%d", i%2), "prd"})
		}
		s := serve(t, e.answer)
		if carryOut(t, s.client(Config{}), []read{e.readKeys(APIKeyFilter{ProjectID: "p1"})}); len(s.got()) != 3 {
			t.Errorf("%d requests for 250 keys, want 3", len(s.got()))
		}
	})
}

// How many pages there are is a hint: one that is wrong costs requests and no more. A list that fails
// leaves every read its own GET.
func TestCachedListFallsBack(t *testing.T) {
	for _, total := range []string{`"many"`, "null", "-1", "0", "9223372036854775807", "1e400", "fails"} {
		synctest.Test(t, func(t *testing.T) {
			e := newEstate(300)
			e.total, e.failList = total, total == "fails"
			s := serve(t, e.answer)
			carryOut(t, s.client(Config{}), e.readProjects())
			if n := len(s.got()); n > 300 && !e.failList || e.failList && n != 301 {
				t.Errorf("with a total of %s: %d requests", total, n)
			}
		})
	}
}

// Objects move to an earlier page while the list is read, so that it misses some.
func TestCachedListLosesNothingWhenAPageChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(300)
		e.onList = func(e *estate) {
			if projects := e.objects["projects"]; len(projects) > 200 {
				e.objects["projects"] = projects[30:]
			}
		}
		carryOut(t, serve(t, e.answer).client(Config{}), e.readProjects()[150:])
	})
}

// A read that begins after a write has ended never sees the past, not even while a page from before the
// write is on its way.
func TestCachedListForgetsAtAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := newMixed(120)
		s := serve(t, e.answer)
		c, id, place := s.client(Config{}), "k-p7", APIKeyFilter{"p7", "prd"}
		wants := func(when string, want ...string) {
			t.Helper()
			got, err := keyIDs(c.ListAPIKeys(t.Context(), place))
			all, listErr := keyIDs(c.ListAPIKeys(t.Context(), APIKeyFilter{}))
			if err != nil || listErr != nil || !slices.Equal(got, want) || slices.Contains(all, id) != (len(want) > 0) {
				t.Errorf("%s: %v, %v; %v, %v; want %v", when, got, err, all, listErr, want)
			}
		}
		for range 2 {
			c.apiKeys.forget()
			var under sync.WaitGroup
			under.Go(func() { wants("before", id) })
			time.Sleep(120 * time.Millisecond) // its first page is there
			if err := c.RevokeAPIKey(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			wants("revoked")
			if _, err := c.GetAPIKey(t.Context(), id); !IsNotFound(err) {
				t.Errorf("got %v, want a 404", err)
			}
			under.Wait()
			generated, err := c.CreateAPIKey(t.Context(), APIKeyRequest(place))
			if err != nil {
				t.Fatal(err)
			}
			id = generated.ID
			wants("generated", id)
			before := len(s.got())
			if wants("in the list", id); len(s.got()) != before {
				t.Errorf("%d requests for what is in the list", len(s.got())-before)
			}
		}
	})
}

// One reader's interrupt is not another's failure.
func TestCachedListCancelledReaderLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(50)
		s := serve(t, e.answer)
		c := s.client(Config{})
		carryOut(t, c, e.readProjects()[:1])
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
		if got := s.lines(); got != "GET /v2/projects/p0, GET /v2/projects" {
			t.Errorf("the requests are %s; want the list to go on for the other reader", got)
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

// What the list of all does not show is for the service to say: before the lists are in, and after.
func TestFilterThatSelectsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, reads := newMixed(120)
		s := serve(t, e.answer)
		c := s.client(Config{})
		keys := func(filter APIKeyFilter) ([]string, error) { return keyIDs(c.ListAPIKeys(t.Context(), filter)) }
		for range 2 {
			for _, filter := range []APIKeyFilter{{ProjectID: "none"}, {ProjectID: "none", Environment: "prd"}, {ProjectID: "."}, {ProjectID: "a/b"}} {
				if _, err := keys(filter); !IsNotFound(err) {
					t.Errorf("keys of %v: %v, want a 404", filter, err)
				}
			}
			if _, err := environmentIDs(c.ListEnvironments(t.Context(), EnvironmentFilter{"none"})); !IsNotFound(err) {
				t.Errorf("environments of no project: %v, want a 404", err)
			}
			if got, err := keys(APIKeyFilter{"p10", "prd"}); err != nil || len(got) != 0 {
				t.Errorf("an environment without a key: %v, %v", got, err)
			}
			carryOut(t, c, reads)
		}

		// Nor does the list hide what somebody else has generated since, or that a project has been deleted.
		e.objects["api-keys"] = append(e.objects["api-keys"], held{"theirs", "p10", "dev"})
		if got, err := keys(APIKeyFilter{"p10", "dev"}); err != nil || !slices.Equal(got, []string{"theirs"}) {
			t.Errorf("a key that the list does not show: %v, %v", got, err)
		}
		e.remove("projects", "p20")
		c.apiKeys.forget()
		if _, err := keys(APIKeyFilter{"p20", "stg"}); !IsNotFound(err) {
			t.Errorf("the keys of a deleted project: %v, want a 404", err)
		}
	})
}

// A refusal shows that what was read before has been deleted by somebody else.
func TestKeyOfADeletedProject(t *testing.T) {
	c := serve(t, byLine{
		"GET /v2/environments": answer(200, "["+sharedJSON+"]"), "GET /v2/environments?project_id=p1": inTurn(answer(200, "["+sharedJSON+"]"), refusal(404)), "POST /v2/api-keys": refusal(404),
	}.answer).client(Config{})
	environments := func() error {
		_, err := environmentIDs(c.ListEnvironments(t.Context(), EnvironmentFilter{"p1"}))
		return err
	}
	if err := environments(); err != nil {
		t.Error(err)
	}
	if _, err := c.CreateAPIKey(t.Context(), APIKeyRequest{"p1", "dev"}); !IsNotFound(err) {
		t.Errorf("got %v, want a 404", err)
	}
	if err := environments(); !IsNotFound(err) {
		t.Errorf("the environments of a deleted project: %v, want a 404", err)
	}
}

// Whether a project without keys exists is asked once. Where projects cannot be read, the filtered list
// answers.
func TestFilterByAProjectWithoutKeys(t *testing.T) {
	for asked, project := range map[string]http.HandlerFunc{
		"GET /v2/projects/p1": answer(200, projectJSON), "GET /v2/projects/p1, GET /v2/api-keys?project_id=p1": refusal(403),
	} {
		s := serve(t, byLine{"GET /v2/projects/p1": project, "GET /v2/api-keys": answer(200, "[]")}.answer)
		c := s.client(Config{})
		for i, want := range []string{"GET /v2/api-keys", asked, ""} {
			filter := []APIKeyFilter{{}, {ProjectID: "p1"}, {ProjectID: "p1"}}[i]
			if got, err := keyIDs(c.ListAPIKeys(t.Context(), filter)); err != nil || len(got) != 0 {
				t.Errorf("%v, %v, want no keys", got, err)
			}
			if got := s.lines(); got != want {
				t.Errorf("asked for %q, want %q", got, want)
			}
		}
	}
}

// Somebody else deletes what this client has read: a list need not show that, an uncached one does.
func TestUncachedListsAskAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := newMixed(10)
		c, ctx := serve(t, e.answer).client(Config{}), t.Context()
		in, keysIn := EnvironmentFilter{"p3"}, APIKeyFilter{ProjectID: "p3"}
		for _, of := range []struct {
			collection, id string
			list, uncached func() ([]string, error)
		}{
			{
				"api-keys", "k-own-p3", func() ([]string, error) { return keyIDs(c.ListAPIKeys(ctx, keysIn)) },
				func() ([]string, error) { return keyIDs(c.ListAPIKeysUncached(ctx, keysIn)) },
			},
			{
				"environments", "own-p3", func() ([]string, error) { return environmentIDs(c.ListEnvironments(ctx, in)) },
				func() ([]string, error) { return environmentIDs(c.ListEnvironmentsUncached(ctx, in)) },
			},
			{
				"projects", "p3", func() ([]string, error) { return projectIDs(c.ListProjects(ctx)) },
				func() ([]string, error) { return projectIDs(c.ListProjectsUncached(ctx)) },
			},
		} {
			shows := func(ids func() ([]string, error), want bool) {
				t.Helper()
				if got, err := ids(); err != nil || slices.Contains(got, of.id) != want {
					t.Errorf("%v, %v, want %s among them: %t", got, err, of.id, want)
				}
			}
			shows(of.list, true)
			shows(of.uncached, true)
			e.remove(of.collection, of.id)
			shows(of.list, true)
			shows(of.uncached, false)
		}
	})
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
