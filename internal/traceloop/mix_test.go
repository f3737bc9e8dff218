package traceloop_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// mixed is an organization with environments of both scopes, of which one has most of the
// keys. Some projects have no keys.
type mixed struct {
	server       *emulatortest.Server
	environments []emulatortest.Environment
	keys         []emulatortest.APIKey
	reads        []mixedRead
}

// mixedRead is one of all possible reads.
type mixedRead struct {
	collection string
	cost       int // requests by itself
	read       func(*traceloop.Client) (ids []string, err error)
	want       []string

	ofProject bool // it may have to ask whether the project exists
}

func newMixed(t *testing.T, projects int) *mixed {
	t.Helper()
	o := &mixed{server: emulatortest.Start(t)}
	o.server.CreateEnvironment("", "EU")
	for i := range projects {
		id := o.server.CreateProject(fmt.Sprintf("Project %d", i)).ID
		if i%3 == 0 {
			o.server.CreateEnvironment(id, fmt.Sprintf("Own %d", i))
			o.server.GenerateKey(id, fmt.Sprintf("own-%d", i))
		}
		if i%10 > 0 {
			o.server.GenerateKey(id, "prd")
		}
	}
	o.environments, o.keys = o.server.Environments(""), o.server.Keys()

	for _, e := range o.environments {
		o.add("/v2/environments", 1, []string{e.ID}, func(c *traceloop.Client) ([]string, error) {
			found, err := c.GetEnvironment(t.Context(), e.ID)
			if err != nil {
				return nil, err
			}
			return []string{found.ID}, nil
		})
	}
	for _, p := range o.server.Projects() {
		var want []string
		for _, e := range o.server.Environments(p.ID) {
			want = append(want, e.ID)
		}
		o.add("/v2/environments", 1, want, func(c *traceloop.Client) ([]string, error) {
			return environmentIDs(c.ListEnvironments(t.Context(), traceloop.EnvironmentFilter{ProjectID: p.ID}))
		})
		o.reads[len(o.reads)-1].ofProject = true
		if keys := o.keysOf(p.ID, ""); len(keys) > 0 {
			o.addFilter(t, traceloop.APIKeyFilter{ProjectID: p.ID}, keys)
		}
	}
	for _, k := range o.keys {
		o.add("/v2/api-keys", 1, []string{k.ID}, func(c *traceloop.Client) ([]string, error) {
			found, err := c.GetAPIKey(t.Context(), k.ID)
			if err != nil {
				return nil, err
			}
			return []string{found.ID}, nil
		})
		o.addFilter(t, traceloop.APIKeyFilter{ProjectID: k.ProjectID, Environment: k.Environment}, []string{k.ID})
	}
	for _, slug := range []string{"prd", "own-0"} {
		o.addFilter(t, traceloop.APIKeyFilter{Environment: slug}, o.keysOf("", slug))
	}
	return o
}

func (o *mixed) keysOf(projectID, slug string) (ids []string) {
	for _, k := range o.keys {
		if (projectID == "" || k.ProjectID == projectID) && (slug == "" || k.Environment == slug) {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

func (o *mixed) addFilter(t *testing.T, filter traceloop.APIKeyFilter, want []string) {
	t.Helper()
	o.add("/v2/api-keys", pagesOf(len(want)), want, func(c *traceloop.Client) ([]string, error) {
		return keyIDs(c.ListAPIKeys(t.Context(), filter))
	})
}

func (o *mixed) add(collection string, cost int, want []string, read func(*traceloop.Client) ([]string, error)) {
	o.reads = append(o.reads, mixedRead{collection: collection, cost: cost, read: read, want: want})
}

// client is one that has read nothing yet.
func (o *mixed) client(t *testing.T) *traceloop.Client {
	t.Helper()
	c, err := traceloop.New(traceloop.Config{BaseURL: o.server.URL, Key: o.server.ManagementKey, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	o.server.ResetRequests()
	return c
}

// requests counts them by collection.
func (o *mixed) requests() map[string]int {
	n := map[string]int{}
	for _, r := range o.server.Requests() {
		parts := strings.SplitN(r.Path, "/", 4)
		n["/"+parts[1]+"/"+parts[2]]++
	}
	return n
}

func pagesOf(objects int) int { return max(1, (objects+99)/100) }

func idsOf[T any](list iter.Seq2[T, error], id func(T) string) (ids []string, err error) {
	for object, err := range list {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id(object))
	}
	return ids, nil
}

func keyIDs(list iter.Seq2[traceloop.APIKey, error]) ([]string, error) {
	return idsOf(list, func(k traceloop.APIKey) string { return k.ID })
}

func environmentIDs(list iter.Seq2[traceloop.Environment, error]) ([]string, error) {
	return idsOf(list, func(e traceloop.Environment) string { return e.ID })
}

func readTenAtATime(t *testing.T, c *traceloop.Client, reads []mixedRead) {
	t.Helper()
	queue := make(chan mixedRead)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for r := range queue {
				if got, err := r.read(c); err != nil || !slices.Equal(got, r.want) {
					t.Errorf("%s: got %v, %v, want %v", r.collection, got, err, r.want)
				}
			}
		})
	}
	for _, r := range reads {
		queue <- r
	}
	close(queue)
	wg.Wait()
}

// The promise: whatever is read, by id and by filter, costs at most twice the cheaper of a
// request for each and all the pages.
func TestMixedReadsCost(t *testing.T) {
	t.Parallel()
	o := newMixed(t, 350)
	pages := map[string]int{"/v2/environments": pagesOf(len(o.environments)), "/v2/api-keys": pagesOf(len(o.keys)), "/v2/projects": pagesOf(351)}
	for _, reads := range []int{1, 2, 3, 5, 8, 20, 100, len(o.reads)} {
		for range 5 {
			c, alone := o.client(t), map[string]int{}
			var some []mixedRead
			for _, i := range rand.Perm(len(o.reads))[:reads] {
				alone[o.reads[i].collection] += o.reads[i].cost
				if o.reads[i].ofProject {
					alone["/v2/projects"]++
				}
				some = append(some, o.reads[i])
			}
			readTenAtATime(t, c, some)
			for collection, n := range o.requests() {
				if limit := 2 * min(alone[collection], pages[collection]); n > limit {
					t.Errorf("%d reads: %d requests of %s, want at most %d", reads, n, collection, limit)
				}
			}
		}
	}
}

// A list of all the keys of one environment that is about as long as the list of all keys.
func TestMixedReadsCost_longFilter(t *testing.T) {
	t.Parallel()
	o := newMixed(t, 350)
	limit := 2 * pagesOf(len(o.keys))
	for _, before := range []int{0, 1, 2, 3, 4, 10} {
		c := o.client(t)
		for _, k := range o.keys[len(o.keys)-before:] {
			if _, err := c.GetAPIKey(t.Context(), k.ID); err != nil {
				t.Fatal(err)
			}
		}
		got, err := keyIDs(c.ListAPIKeys(t.Context(), traceloop.APIKeyFilter{Environment: "prd"}))
		if err != nil || !slices.Equal(got, o.keysOf("", "prd")) {
			t.Errorf("%d keys of %d, %v", len(got), len(o.keysOf("", "prd")), err)
		}
		for _, k := range o.keys {
			if _, err := c.GetAPIKey(t.Context(), k.ID); err != nil {
				t.Fatal(err)
			}
		}
		if n := o.requests()["/v2/api-keys"]; n > limit {
			t.Errorf("a filter after %d reads, then all keys: %d requests, want at most %d", before, n, limit)
		}
	}
}

// What the list of all does not show is for the service to say: before the lists are in, and after.
func TestFilterThatSelectsNothing(t *testing.T) {
	t.Parallel()
	o := newMixed(t, 120)
	c := o.client(t)
	empty := o.server.Projects()[1].ID // the 0th of ours
	keys := func(filter traceloop.APIKeyFilter) ([]string, error) {
		return keyIDs(c.ListAPIKeys(t.Context(), filter))
	}
	for range 2 {
		for _, filter := range []traceloop.APIKeyFilter{{ProjectID: "none"}, {ProjectID: "none", Environment: "prd"}, {ProjectID: "."}, {ProjectID: "a/b"}} {
			if _, err := keys(filter); !traceloop.IsNotFound(err) {
				t.Errorf("keys of %v: %v, want a 404", filter, err)
			}
		}
		if _, err := environmentIDs(c.ListEnvironments(t.Context(), traceloop.EnvironmentFilter{ProjectID: "none"})); !traceloop.IsNotFound(err) {
			t.Errorf("environments of no project: %v, want a 404", err)
		}
		if got, err := keys(traceloop.APIKeyFilter{ProjectID: empty, Environment: "prd"}); err != nil || len(got) != 0 {
			t.Errorf("an environment without a key: %v, %v", got, err)
		}
		for _, read := range o.reads {
			if _, err := read.read(c); err != nil {
				t.Fatal(err)
			}
		}
	}

	// Nor does the list hide what somebody else has generated since, or that a project has been deleted.
	id, _ := o.server.GenerateKey(empty, "dev")
	if got, err := keys(traceloop.APIKeyFilter{ProjectID: empty, Environment: "dev"}); err != nil || !slices.Equal(got, []string{id}) {
		t.Errorf("a key that the list does not show: %v, %v", got, err)
	}
	o.server.DeleteProject(empty)
	if _, err := c.CreateAPIKey(t.Context(), traceloop.APIKeyRequest{ProjectID: empty, Environment: "stg"}); !traceloop.IsNotFound(err) {
		t.Errorf("got %v, want a 404", err)
	}
	if _, err := environmentIDs(c.ListEnvironments(t.Context(), traceloop.EnvironmentFilter{ProjectID: empty})); !traceloop.IsNotFound(err) {
		t.Errorf("the environments of a deleted project: %v, want a 404", err)
	}
}

// Whether a project without keys exists is asked once. Where projects cannot be read, the filtered list
// answers.
func TestFilterByAProjectWithoutKeys(t *testing.T) {
	t.Parallel()
	o := newMixed(t, 20)
	project := o.server.CreateProject("Without keys").ID
	for asked, refused := range map[string]bool{"/v2/projects/" + project: false, "/v2/projects/" + project + "/v2/api-keys": true} {
		c := o.client(t)
		if _, err := keyIDs(c.ListAPIKeys(t.Context(), traceloop.APIKeyFilter{})); err != nil {
			t.Fatal(err)
		}
		if refused {
			o.server.SetFaults(emulatortest.Fault{Path: "/v2/projects", Kind: "status", Status: 403, Times: 10})
		}
		for _, want := range []string{asked, ""} {
			o.server.ResetRequests()
			got, err := keyIDs(c.ListAPIKeys(t.Context(), traceloop.APIKeyFilter{ProjectID: project}))
			paths := ""
			for _, r := range o.server.Requests() {
				paths += r.Path
			}
			if err != nil || len(got) != 0 || paths != want {
				t.Errorf("%v, %v after %q, want no keys after %q", got, err, paths, want)
			}
		}
		if _, err := keyIDs(c.ListAPIKeys(t.Context(), traceloop.APIKeyFilter{ProjectID: "none"})); !traceloop.IsNotFound(err) {
			t.Errorf("got %v, want a 404", err)
		}
	}
}

// A filtered read that begins after a write has ended never sees the past.
func TestFilteredReadAfterAWrite(t *testing.T) {
	t.Parallel()
	o := newMixed(t, 120)
	c := o.client(t)
	id := o.keys[7].ID
	filter := traceloop.APIKeyFilter{ProjectID: o.keys[7].ProjectID, Environment: o.keys[7].Environment}
	wants := func(when string, want ...string) {
		t.Helper()
		if got, err := keyIDs(c.ListAPIKeys(t.Context(), filter)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", when, got, err, want)
		}
	}
	for range 2 {
		if _, err := keyIDs(c.ListAPIKeys(t.Context(), traceloop.APIKeyFilter{})); err != nil {
			t.Fatal(err)
		}
		before := len(o.server.Requests())
		if wants("in the list", id); len(o.server.Requests()) != before {
			t.Errorf("%d requests for what is in the list", len(o.server.Requests())-before)
		}
		if err := c.RevokeAPIKey(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		wants("revoked")
		generated, err := c.CreateAPIKey(t.Context(), traceloop.APIKeyRequest(filter))
		if err != nil {
			t.Fatal(err)
		}
		id = generated.ID
		wants("generated", id)
	}
}

// Before a plan of new keys, each project is asked for its keys: the lists of all keys and of
// all projects answer.
func TestProjectsWithoutKeysCost(t *testing.T) {
	t.Parallel()
	for _, projects := range []int{1, 60, 250} {
		o := &mixed{server: emulatortest.Start(t)}
		for i := range projects {
			id := o.server.CreateProject(fmt.Sprintf("Project %d", i)).ID
			var want []string
			if i%2 == 1 {
				key, _ := o.server.GenerateKey(id, "prd")
				want = []string{key}
			}
			o.addFilter(t, traceloop.APIKeyFilter{ProjectID: id}, want)
		}
		limit := 2*pagesOf(projects/2) + 2*pagesOf(projects+1)
		for range 5 {
			c := o.client(t)
			rand.Shuffle(len(o.reads), func(i, j int) { o.reads[i], o.reads[j] = o.reads[j], o.reads[i] })
			readTenAtATime(t, c, o.reads)
			if n := len(o.server.Requests()); n > min(limit, 2*projects) {
				t.Errorf("the keys of %d projects: %d requests, want at most %d", projects, n, min(limit, 2*projects))
			}
		}
	}
}

// Somebody else deletes what this client has read: a list need not show that, an uncached one does.
func TestUncachedListsAskAgain(t *testing.T) {
	t.Parallel()
	o := newMixed(t, 10)
	c, ctx := o.client(t), t.Context()
	project := o.server.Projects()[1].ID
	own := o.server.CreateEnvironment(project, "Own").ID
	key, _ := o.server.GenerateKey(project, "dev")
	projectIDs := func(list iter.Seq2[traceloop.Project, error]) ([]string, error) {
		return idsOf(list, func(p traceloop.Project) string { return p.ID })
	}
	in, keysIn := traceloop.EnvironmentFilter{ProjectID: project}, traceloop.APIKeyFilter{ProjectID: project}
	for _, of := range []struct {
		id             string
		list, uncached func() ([]string, error)
		remove         func()
	}{
		{
			key,
			func() ([]string, error) { return keyIDs(c.ListAPIKeys(ctx, keysIn)) },
			func() ([]string, error) { return keyIDs(c.ListAPIKeysUncached(ctx, keysIn)) },
			func() { o.server.RevokeKey(key) },
		},
		{
			own,
			func() ([]string, error) { return environmentIDs(c.ListEnvironments(ctx, in)) },
			func() ([]string, error) { return environmentIDs(c.ListEnvironmentsUncached(ctx, in)) },
			func() { o.server.DeleteEnvironment(own) },
		},
		{
			project,
			func() ([]string, error) { return projectIDs(c.ListProjects(ctx)) },
			func() ([]string, error) { return projectIDs(c.ListProjectsUncached(ctx)) },
			func() { o.server.DeleteProject(project) },
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
		of.remove()
		shows(of.list, true)
		shows(of.uncached, false)
	}
}
