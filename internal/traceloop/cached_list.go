package traceloop

import (
	"cmp"
	"context"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/singleflight"
)

// cachedList answers the reads of one kind of object with few requests, by the rule in DESIGN.md,
// "Lists". A single read sends only its own request: a GET for a read by id, a filtered list for
// a read by project or environment. Each page of a filtered list counts as a read.
//
// The list may change while it is read, so a read that it does not answer sends its own request.
// If the list fails, every read sends its own request. A write clears the cache before and after,
// so a read that starts after a write never sees older data.
type cachedList[T any] struct {
	client     *Client
	collection string
	read       func(*fields) T
	id         func(*T) string

	mu      sync.Mutex
	current *cacheEpoch[T]
}

func newCachedList[T any](c *Client, collection string, read func(*fields) T, id func(*T) string) *cachedList[T] {
	l := &cachedList[T]{client: c, collection: collection, read: read, id: id}
	l.forget()
	return l
}

// forget clears the cache. Requests on their way keep the old one.
func (l *cachedList[T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = &cacheEpoch[T]{
		list: newPager(l.client, l.collection, nil, l.read), id: l.id, byID: map[string]*T{}, filtered: map[string][]T{},
	}
}

func (l *cachedList[T]) epoch() *cacheEpoch[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// all yields every object. An error comes last.
func (l *cachedList[T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		e, yielded := l.epoch(), 0
		for _, whole := range []bool{false, true} { // the caller may need no more than the first page
			err := e.load(ctx, whole)
			objects, pages := e.after(yielded)
			if !yieldAll(objects, err, yield) {
				return
			}
			yielded = pages
		}
	}
}

// get returns the object with this id.
func (l *cachedList[T]) get(ctx context.Context, id string) (*T, error) {
	path, err := elementPath(l.collection, id)
	if err != nil {
		return nil, err
	}
	e := l.epoch()
	if found, ok := find(ctx, e, false, func() (*T, bool) { return e.byID[id], e.byID[id] != nil }); ok {
		l.logAnswered(ctx, path, nil)
		return new(*found), nil
	}
	object, err := get(ctx, l.client, l.collection, id, l.read)
	if IsNotFound(err) {
		err = l.confirmNotFound(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	e.keep(*object)
	return new(*object), nil
}

// where yields the objects that a filter selects, from the list of all objects if that suffices, or
// else from the filtered list. The list of all objects does not suffice if the filter's project may
// not exist, because then the service answers 404. An error comes last.
func (l *cachedList[T]) where(ctx context.Context, filter url.Values, selects func(*T) bool, suffices func([]T) (bool, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		e, key := l.epoch(), filter.Encode()
		pages := newPager(l.client, l.collection, filter, l.read)
		var asked []T
		for !pages.done {
			// Before each page, the list of all objects may have become cheaper.
			found, ok := find(ctx, e, len(asked) > 0, func() (selection[T], bool) { return e.selection(key, selects) })
			var err error
			if ok && !found.asked {
				ok, err = suffices(found.objects)
			}
			if ok {
				l.logAnswered(ctx, l.collection, filter)
				for _, object := range found.objects {
					if !pages.ids[l.id(&object)] && !yield(object, nil) {
						break
					}
				}
				return
			}
			var page []T
			if err == nil {
				page, err = pages.next(ctx)
			}
			if asked = append(asked, page...); pages.done {
				e.keepSelection(key, asked)
			}
			if !yieldAll(page, err, yield) {
				return
			}
		}
	}
}

// remove deletes the object with this id.
func (l *cachedList[T]) remove(ctx context.Context, id string) error {
	err := remove(ctx, l.client, l.collection, id)
	if IsNotFound(err) {
		return l.confirmNotFound(ctx, err)
	}
	return err
}

func (l *cachedList[T]) confirmNotFound(ctx context.Context, notFound error) error {
	return confirmNotFound(notFound, l.epoch().load(context.WithoutCancel(ctx), false))
}

func (l *cachedList[T]) logAnswered(ctx context.Context, path string, filter url.Values) {
	tflog.Trace(tflog.MaskLogStrings(ctx, l.client.secrets...), "Traceloop API read answered without its own request",
		map[string]any{"path": path, "query": loggedQuery(filter)})
}

// invalidate clears caches before and after a write:
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

// cacheEpoch is the cache of a list between two writes.
type cacheEpoch[T any] struct {
	list  *pager[T] // of all objects; used by one load at a time
	id    func(*T) string
	loads singleflight.Group

	mu       sync.Mutex
	reads    int   // reads that the cache could not answer at once
	pages    [][]T // of the list, as far as it is loaded
	total    int   // the number of its pages, once the first is loaded
	complete bool
	failed   bool
	byID     map[string]*T
	filtered map[string][]T // the service's answers, by filter
}

// assumedPages is the length of a list that does not say it.
const assumedPages = 10

// find looks a read up. The second read loads the first page of the list, and once there were as
// many reads as there are pages, a read loads the whole list. On false, the caller sends the
// read's own request. begun says that it sent one before. lookup is called with e.mu held.
func find[T, A any](ctx context.Context, e *cacheEpoch[T], begun bool, lookup func() (A, bool)) (A, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	found, ok := lookup()
	if ok {
		return found, true
	}
	e.reads++
	for _, whole := range []bool{false, true} {
		if ok || e.failed || e.reads < 2 || begun && e.total == 0 || whole && e.reads < e.total {
			break
		}
		e.mu.Unlock()
		err := e.load(ctx, whole)
		e.mu.Lock()
		e.failed = e.failed || err != nil && ctx.Err() == nil
		found, ok = lookup()
	}
	return found, ok
}

// load loads the first page or the whole list, unless that is done. Concurrent callers share it,
// so it goes on if one of them is interrupted.
func (e *cacheEpoch[T]) load(ctx context.Context, whole bool) error {
	if whole {
		if err := e.load(ctx, false); err != nil {
			return err
		}
	}
	done := e.loads.DoChan(strconv.FormatBool(whole), func() (any, error) {
		for ctx := context.WithoutCancel(ctx); !e.has(whole); {
			page, err := e.list.next(ctx)
			if err != nil {
				return nil, err
			}
			e.add(page)
		}
		return nil, nil
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *cacheEpoch[T]) has(whole bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.complete || !whole && len(e.pages) > 0
}

func (e *cacheEpoch[T]) add(page []T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pages, e.complete = append(e.pages, page), e.list.done
	e.total = cmp.Or(e.list.pages, assumedPages)
	e.index(page)
}

// after returns the loaded objects after the first n pages.
func (e *cacheEpoch[T]) after(n int) (objects []T, pages int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Concat(e.pages[n:]...), len(e.pages)
}

// selection contains the objects that a filter selects.
type selection[T any] struct {
	objects []T
	asked   bool // the service answered the filter; otherwise taken from the list of all objects
}

// selection looks a filter up. Called with e.mu held.
func (e *cacheEpoch[T]) selection(key string, selects func(*T) bool) (s selection[T], ok bool) {
	if s.objects, s.asked = e.filtered[key]; s.asked || !e.complete {
		return s, s.asked
	}
	for _, page := range e.pages {
		for i := range page {
			if selects(&page[i]) {
				s.objects = append(s.objects, page[i])
			}
		}
	}
	return s, true
}

func (e *cacheEpoch[T]) keep(objects ...T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.index(objects)
}

func (e *cacheEpoch[T]) keepSelection(key string, selected []T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.filtered[key] = selected
	e.index(selected)
}

// index is called with e.mu held.
func (e *cacheEpoch[T]) index(objects []T) {
	for i := range objects {
		e.byID[e.id(&objects[i])] = &objects[i]
	}
}
