package traceloop

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"sync"
)

// loader answers the reads of one kind of object with few requests. Its rule:
//
//	The first read costs one GET. Each further read that is not answered yet brings in the
//	next page of the list, and costs a GET if its object is not on it. Once as many objects
//	have been asked for as the list has pages, it brings in more pages instead.
//
// So n objects of a list of P pages cost at most twice the lesser of n and P, whatever
// else the organization holds, and one object alone costs one GET. Cursors are opaque,
// so that the pages of one list follow each other; the lists of different kinds are read
// at the same time.
//
// An object that a list does not show is always asked for by its own GET: a list may
// change while it is read. A list that fails leaves every read its own GET. A write
// makes the loader forget, before and after: a read that begins after the write has
// ended never sees the past.
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
	asked     map[string]struct{} // the ids that were
	pages     *pager[T]           // used by the one who loads
	pageCount int                 // 0 while it is unknown
	loading   chan struct{}       // closed when the page under way is in; nil when there is none
	loaded    [][]T
	byID      map[string]*T
	complete  bool
	failed    bool
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
	l.since = &generation[T]{pages: newPager(l.client, l.collection, nil, l.read), asked: map[string]struct{}{}, byID: map[string]*T{}}
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
	if object, ok := l.find(ctx, g, id); ok {
		return &object, nil
	}
	object, err := get(ctx, l.client, l.collection, id, l.read)
	if IsNotFound(err) {
		err = l.confirmed(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.byID[id] = object
	return object, nil
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

// find looks for an object among what is loaded, and loads a page for it, or more if many
// are asked for.
func (l *loader[T]) find(ctx context.Context, g *generation[T], id string) (object T, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	first, paid := !g.begun, false
	g.begun = true
	g.asked[id] = struct{}{}
	for {
		if found := g.byID[id]; found != nil {
			return *found, true
		}
		few := g.pageCount == 0 || len(g.asked) < g.pageCount
		if first || paid && few || g.failed || g.complete || ctx.Err() != nil {
			return object, false
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

// changing makes loaders forget what a write touches. The caller defers what it returns:
//
//	defer changing(c.projects, c.environments)()
func changing(touched ...interface{ forget() }) func() {
	forget := func() {
		for _, l := range touched {
			l.forget()
		}
	}
	forget()
	return forget
}
