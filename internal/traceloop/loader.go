package traceloop

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"sync"
)

// loader answers the reads of one kind of object with few requests. Its rule:
//
//	The first read costs a request of its own. Each further read that is not answered yet
//	brings in the next page of the list of all objects, and costs its own request if that
//	does not answer it. Once there were as many different reads as the list has pages, a
//	read brings in more pages instead.
//
// So reads cost at most twice the lesser of what they would cost one by one and of the
// list's pages, whatever else the organization holds, and one read alone costs its own
// request. That is a GET for a read by id, and for one by project or environment a filtered
// list, of which each page counts as a read. Cursors are opaque, so that the pages of one
// list follow each other; the lists of different kinds are read at the same time.
//
// A read that the list does not answer costs its own request: a list may change while it is
// read. A list that fails leaves every read its own request. A write makes the loader
// forget, before and after: a read that begins after a write of this client has ended never
// sees the past.
type loader[T any] struct {
	client     *Client
	collection string
	read       func(*fields) T
	id         func(*T) string

	mu    sync.Mutex
	since *generation[T] // the last write
}

// generation is what has been read between two writes.
type generation[T any] struct {
	mu        sync.Mutex
	begun     bool                // whether anything has been asked for
	asked     map[string]struct{} // the ids and the filters that were
	pages     *pager[T]           // used by the one who loads
	pageCount int                 // 0 while it is unknown
	loading   chan struct{}       // closed when the page under way is in; nil when there is none
	loaded    [][]T
	byID      map[string]*T
	complete  bool
	failed    bool

	filtered     map[string][]T // by filter
	furtherPages int            // of filtered lists, beyond the first of each
}

func newLoader[T any](c *Client, collection string, read func(*fields) T, id func(*T) string) *loader[T] {
	l := &loader[T]{client: c, collection: collection, read: read, id: id}
	l.forget()
	return l
}

// forget leaves requests under way to the generation that they began in.
func (l *loader[T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = &generation[T]{
		pages: newPager(l.client, l.collection, nil, l.read),
		asked: map[string]struct{}{}, byID: map[string]*T{}, filtered: map[string][]T{},
	}
}

func (l *loader[T]) current() *generation[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.since
}

// get returns the object with this id.
func (l *loader[T]) get(ctx context.Context, id string) (*T, error) {
	if _, err := elementPath(l.collection, id); err != nil {
		return nil, err
	}
	g := l.current()
	var found T
	if l.find(ctx, g, id, func() bool {
		object := g.byID[id]
		if object != nil {
			found = *object
		}
		return object != nil
	}) {
		return &found, nil
	}
	object, err := get(ctx, l.client, l.collection, id, l.read)
	if IsNotFound(err) {
		err = l.confirmed(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	found = *object
	g.mu.Lock()
	defer g.mu.Unlock()
	g.byID[id] = object
	return &found, nil
}

// has reports whether the object with this id has been read.
func (l *loader[T]) has(id string) bool {
	g := l.current()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.byID[id] != nil
}

// where yields the objects that a filter selects, oldest first, page by page. An error is
// yielded once, last. What is selected from the list of all objects stands for the filtered
// list if it suffices: it must show that what the filter names exists, which is otherwise
// for the service to refuse, and nothing that cannot be.
func (l *loader[T]) where(ctx context.Context, filter url.Values, selects func(*T) bool, suffices func([]T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		g, key := l.current(), "?"+filter.Encode()
		yielded := map[string]bool{} // by a filtered list that was given up
		emit := func(objects []T) bool {
			for i := range objects {
				id := l.id(&objects[i])
				if !yielded[id] && !yield(objects[i], nil) {
					return false
				}
				yielded[id] = true
			}
			return true
		}
		for {
			var found []T
			if l.find(ctx, g, key, func() bool {
				var ok bool
				found, ok = g.where(key, selects, suffices)
				return ok
			}) {
				emit(found)
				return
			}
			ended, err := l.filtered(ctx, g, filter, key, emit)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if ended {
				return
			}
		}
	}
}

// filtered asks for a filtered list, page by page. Each page counts as a read: it ends
// early, with false, where the rest of the list of all objects is cheaper.
func (l *loader[T]) filtered(ctx context.Context, g *generation[T], filter url.Values, key string, emit func([]T) bool) (ended bool, err error) {
	pages := newPager(l.client, l.collection, filter, l.read)
	var selected []T
	for {
		page, err := pages.next(ctx)
		if err != nil {
			return false, err
		}
		selected = append(selected, page...)
		if pages.done {
			g.keep(key, selected, l.id)
		}
		if !emit(page) || pages.done {
			return true, nil
		}
		if g.furtherPage() {
			return false, nil
		}
	}
}

// remove deletes the object with this id.
func (l *loader[T]) remove(ctx context.Context, id string) error {
	err := remove(ctx, l.client, l.collection, id)
	if IsNotFound(err) {
		return l.confirmed(ctx, err)
	}
	return err
}

// confirmed returns a 404 only if the service knows the collection that the object would
// be in. Behind a wrong base URL everything is "not found", and nothing may be dropped
// from a state, or taken for deleted, for that.
func (l *loader[T]) confirmed(ctx context.Context, notFound error) error {
	_, _, err := l.page(context.WithoutCancel(ctx), l.current(), 0)
	if refused, ok := errors.AsType[*Error](err); ok && refused.StatusCode == http.StatusNotFound {
		return &UnreadableError{
			StatusCode: refused.StatusCode, RequestID: refused.RequestID, Method: refused.Method, Path: refused.Path,
			Reason: "the API has this list, and here it is not found",
		}
	}
	if err != nil {
		return err
	}
	return notFound
}

// find reports whether the answer to a read is "there" among what is loaded, and loads a
// page for it, or more if there were many reads. The caller asks the service itself if not.
func (l *loader[T]) find(ctx context.Context, g *generation[T], key string, there func() bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first, paid := !g.begun, false
	g.begun = true
	g.asked[key] = struct{}{}
	for {
		if there() {
			return true
		}
		if first || paid && !g.listIsCheaper() || g.failed || g.complete || ctx.Err() != nil {
			return false
		}
		if g.loading != nil {
			g.await(ctx) // somebody else's page may have it
			continue
		}
		paid = true
		if err := l.load(ctx, g); err != nil {
			g.failed = ctx.Err() == nil
		}
	}
}

// all yields every object, oldest first, from what is loaded as far as it goes. An
// error is yielded once, last.
func (l *loader[T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		g := l.current()
		for i := 0; ; i++ {
			page, more, err := l.page(ctx, g, i)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if !more {
				return
			}
			for _, object := range page {
				if !yield(object, nil) {
					return
				}
			}
		}
	}
}

// page returns the ith page, or false behind the last one.
func (l *loader[T]) page(ctx context.Context, g *generation[T], i int) ([]T, bool, error) {
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
		if err := l.load(ctx, g); err != nil {
			return nil, false, err
		}
	}
	if i >= len(g.loaded) {
		return nil, false, nil
	}
	return g.loaded[i], true, nil
}

// load brings in the next page. g.mu is held before and after, but not meanwhile.
func (l *loader[T]) load(ctx context.Context, g *generation[T]) error {
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
	g.loaded, g.complete, g.pageCount = append(g.loaded, page), g.pages.done, g.pages.pages
	for i := range page {
		g.byID[l.id(&page[i])] = &page[i]
	}
	return nil
}

// listIsCheaper reports whether there were as many reads as the list has pages.
func (g *generation[T]) listIsCheaper() bool {
	return g.pageCount > 0 && len(g.asked)+g.furtherPages >= g.pageCount
}

// furtherPage notes one of a filtered list, and reports whether the list of all objects is
// to be read instead.
func (g *generation[T]) furtherPage() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.furtherPages++
	return g.listIsCheaper() && !g.failed && !g.complete
}

// keep notes what a filter selects.
func (g *generation[T]) keep(key string, selected []T, id func(*T) string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.filtered[key] = selected
	for i := range selected {
		g.byID[id(&selected[i])] = &selected[i]
	}
}

// where answers a filter, if what is loaded does.
func (g *generation[T]) where(key string, selects func(*T) bool, suffices func([]T) bool) ([]T, bool) {
	if selected, ok := g.filtered[key]; ok || !g.complete {
		return selected, ok
	}
	var selected []T
	for _, page := range g.loaded {
		for i := range page {
			if selects(&page[i]) {
				selected = append(selected, page[i])
			}
		}
	}
	return selected, suffices(selected)
}

// await waits for the page under way. g.mu is held before and after, but not meanwhile.
func (g *generation[T]) await(ctx context.Context) {
	loading := g.loading
	g.mu.Unlock()
	defer g.mu.Lock()
	select {
	case <-loading:
	case <-ctx.Done():
	}
}

// invalidate makes loaders forget what a write touches. The caller defers what it returns:
//
//	defer invalidate(c.projects, c.environments)()
func invalidate(touched ...interface{ forget() }) func() {
	forget := func() {
		for _, l := range touched {
			l.forget()
		}
	}
	forget()
	return forget
}
