package traceloop

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"sync"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// loader answers the reads of one kind of object with few requests, by the rule in DESIGN.md,
// "Loader". A single read sends only its own request: a GET for a read by id, a filtered list for
// a read by project or environment. Each page of a filtered list counts as a read.
//
// The list may change while it is read, so a read that it does not answer sends its own request.
// If the list fails, every read sends its own request. A write clears the cache before and after,
// so a read that starts after a write never sees older data.
type loader[T any] struct {
	client     *Client
	collection string
	read       func(*fields) T
	id         func(*T) string

	mu    sync.Mutex
	since *generation[T] // the cache since the last write
}

func newLoader[T any](c *Client, collection string, read func(*fields) T, id func(*T) string) *loader[T] {
	l := &loader[T]{client: c, collection: collection, read: read, id: id}
	l.forget()
	return l
}

// forget clears the cache. Current requests keep the old one.
func (l *loader[T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = newGeneration(newPager(l.client, l.collection, nil, l.read), l.id)
}

func (l *loader[T]) current() *generation[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.since
}

// all yields every object, oldest first. An error comes last.
func (l *loader[T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		g := l.current()
		for i := 0; ; i++ {
			page, more, err := g.page(ctx, i)
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

// get returns the object with this id.
func (l *loader[T]) get(ctx context.Context, id string) (*T, error) {
	path, err := elementPath(l.collection, id)
	if err != nil {
		return nil, err
	}
	g := l.current()
	if found, ok := find(ctx, g, func() (T, bool) { return g.object(id) }); ok {
		l.logAnswered(ctx, path, nil)
		return &found, nil
	}
	object, err := get(ctx, l.client, l.collection, id, l.read)
	if IsNotFound(err) {
		err = l.confirmNotFound(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	g.keep(*object)
	return object, nil
}

// where yields the objects that a filter selects, oldest first, from the list of all objects if
// that suffices, or else from the filtered list. The list of all objects does not suffice if the
// filter's project may not exist, because then the service answers 404. An error comes last.
func (l *loader[T]) where(ctx context.Context, filter url.Values, selects func(*T) bool, suffices func([]T) (bool, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		g, key := l.current(), filter.Encode()
		yielded := map[string]bool{} // ids from a filtered list that was not read to its end
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
		for ended := false; !ended; {
			found, ok := find(ctx, g, func() (selection[T], bool) { return g.selection(key, selects) })
			var err error
			if ok && !found.asked {
				ok, err = suffices(found.objects)
			}
			switch {
			case err != nil:
			case ok:
				l.logAnswered(ctx, l.collection, filter)
				emit(found.objects)
				return
			default:
				ended, err = l.filtered(ctx, g, filter, emit)
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
		}
	}
}

// filtered reads a filtered list, page by page. It stops early, with false, when the rest of the
// list of all objects is cheaper.
func (l *loader[T]) filtered(ctx context.Context, g *generation[T], filter url.Values, emit func([]T) bool) (ended bool, err error) {
	pages := newPager(l.client, l.collection, filter, l.read)
	var selected []T
	for {
		page, err := pages.next(ctx)
		if err != nil {
			return false, err
		}
		selected = append(selected, page...)
		if pages.done {
			g.keepSelection(filter.Encode(), selected)
		}
		if !emit(page) || pages.done {
			return true, nil
		}
		if g.countPage() {
			return false, nil
		}
	}
}

// remove deletes the object with this id.
func (l *loader[T]) remove(ctx context.Context, id string) error {
	err := remove(ctx, l.client, l.collection, id)
	if IsNotFound(err) {
		return l.confirmNotFound(ctx, err)
	}
	return err
}

// confirmNotFound returns a 404 only if the service has the collection. At a wrong base URL
// everything is "not found", and that must not remove an object from a state.
func (l *loader[T]) confirmNotFound(ctx context.Context, notFound error) error {
	_, _, err := l.current().page(context.WithoutCancel(ctx), 0)
	if refused, ok := errors.AsType[*Error](err); ok && refused.StatusCode == http.StatusNotFound {
		return &UnreadableError{
			StatusCode: refused.StatusCode, RequestID: refused.RequestID, Method: refused.Method, Path: refused.Path,
			Reason: "the API always has this list, but it was not found at this address",
		}
	}
	if err != nil {
		return err
	}
	return notFound
}

func (l *loader[T]) logAnswered(ctx context.Context, path string, filter url.Values) {
	tflog.Trace(tflog.MaskLogStrings(ctx, l.client.key), "Traceloop API read answered without its own request",
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
