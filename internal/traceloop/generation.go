package traceloop

import (
	"context"
	"sync"
)

// generation is a loader's cache between two writes.
type generation[T any] struct {
	pages *pager[T] // of the list of all objects; used only while loading
	id    func(*T) string

	mu       sync.Mutex
	begun    bool          // there was a read
	reads    int           // reads that the cache could not answer at once
	loading  chan struct{} // closed when the current page is loaded; nil if none is loading
	loaded   [][]T
	total    int // pages of the list; 0 while it is unknown
	complete bool
	failed   bool
	byID     map[string]*T
	filtered map[string][]T // the service's answers, by filter
}

func newGeneration[T any](pages *pager[T], id func(*T) string) *generation[T] {
	return &generation[T]{pages: pages, id: id, byID: map[string]*T{}, filtered: map[string][]T{}}
}

// find looks the read up and loads pages while that may be cheaper than its own request. On
// false, the caller sends that request.
func find[T, A any](ctx context.Context, g *generation[T], lookup func() (A, bool)) (A, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	answer, ok := lookup()
	first, paid := !g.begun, false
	g.begun = true
	if !ok {
		g.reads++
	}
	for !ok && !first && (!paid || g.listIsCheaper()) && !g.failed && !g.complete && ctx.Err() == nil {
		if g.loading != nil {
			g.await(ctx) // the page of another read may answer this one
		} else {
			paid = true
			err := g.load(ctx)
			g.failed = err != nil && ctx.Err() == nil
		}
		answer, ok = lookup()
	}
	return answer, ok
}

// listIsCheaper reports whether there were at least as many reads as the list has pages.
func (g *generation[T]) listIsCheaper() bool { return g.total > 0 && g.reads >= g.total }

// countPage counts a page of a filtered list as a read. It reports whether to read the rest of the
// list of all objects instead.
func (g *generation[T]) countPage() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reads++
	return g.listIsCheaper() && !g.failed && !g.complete
}

// object looks an id up. Called with g.mu held.
func (g *generation[T]) object(id string) (object T, ok bool) {
	if known := g.byID[id]; known != nil {
		return *known, true
	}
	return object, false
}

// selection contains the objects that a filter selects.
type selection[T any] struct {
	objects []T
	asked   bool // the service answered the filter; otherwise taken from the list of all objects
}

// selection looks a filter up. Called with g.mu held.
func (g *generation[T]) selection(key string, selects func(*T) bool) (s selection[T], ok bool) {
	if s.objects, s.asked = g.filtered[key]; s.asked || !g.complete {
		return s, s.asked
	}
	for _, page := range g.loaded {
		for i := range page {
			if selects(&page[i]) {
				s.objects = append(s.objects, page[i])
			}
		}
	}
	return s, true
}

func (g *generation[T]) keep(objects ...T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.index(objects)
}

func (g *generation[T]) keepSelection(key string, selected []T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.filtered[key] = selected
	g.index(selected)
}

func (g *generation[T]) index(objects []T) {
	for i := range objects {
		g.byID[g.id(&objects[i])] = &objects[i]
	}
}

// page returns the ith page of the list, or false after the last one.
func (g *generation[T]) page(ctx context.Context, i int) ([]T, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.begun = true
	for i >= len(g.loaded) && !g.complete {
		if g.loading != nil {
			g.await(ctx)
			if err := ctx.Err(); err != nil {
				return nil, false, err
			}
			continue
		}
		if err := g.load(ctx); err != nil {
			return nil, false, err
		}
	}
	if i >= len(g.loaded) {
		return nil, false, nil
	}
	return g.loaded[i], true, nil
}

// load loads the next page. Called with g.mu held; releases it while loading.
func (g *generation[T]) load(ctx context.Context) error {
	done := make(chan struct{})
	g.loading = done
	g.mu.Unlock()
	page, err := g.pages.next(ctx)
	g.mu.Lock()
	g.loading = nil
	close(done)
	if err != nil {
		return err
	}
	g.loaded, g.complete, g.total = append(g.loaded, page), g.pages.done, g.pages.pages
	g.index(page)
	return nil
}

// await waits for the current page. Called with g.mu held; releases it while waiting.
func (g *generation[T]) await(ctx context.Context) {
	loading := g.loading
	g.mu.Unlock()
	defer g.mu.Lock()
	select {
	case <-loading:
	case <-ctx.Done():
	}
}
