package traceloop

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// pageLimit is the contract's maximum of results per page.
	pageLimit = 100

	// maxPages is more than any organization needs. A longer list is taken as endless.
	maxPages = 1000

	// assumedPages is the length of a list that does not say it.
	assumedPages = 10
)

// collection is a list of the service.
type collection[T any] struct {
	connection *connection
	path       string
	query      url.Values      // of each page
	read       func(*fields) T // one object; fields.gone leaves it out
	id         func(*T) string // what no list has twice, unless it is empty
}

// pager reads a list page by page. A list that does not end, contains an object twice or has fewer
// objects than it says is an error, because it may be incomplete.
type pager[T any] struct {
	collection[T]

	done    bool
	pages   int // from the total; 0 if it is not known
	cursors map[string]bool
	ids     map[string]bool
	shown   int // objects so far, with those that were left out
	empty   int // pages so far
}

func (l collection[T]) pager(filter url.Values) *pager[T] {
	p := &pager[T]{collection: l, cursors: map[string]bool{}, ids: map[string]bool{}}
	p.query = url.Values{}
	maps.Copy(p.query, l.query)
	maps.Copy(p.query, filter)
	return p
}

func (p *pager[T]) next(ctx context.Context) ([]T, error) {
	var (
		page         []T
		next         string
		shown, total int
		ids          = map[string]bool{}
	)
	err := p.connection.do(ctx, request{method: http.MethodGet, path: p.path, query: p.query, list: true}, func(f *fields) {
		for _, o := range f.each(f.elements) {
			object := p.read(o)
			if o.gone != "" {
				continue
			}
			if id := p.id(&object); id != "" {
				if p.ids[id] || ids[id] {
					f.fail("the list contains an object twice")
				}
				ids[id] = true
			}
			page = append(page, object)
		}
		shown, next = p.shown+len(f.elements), f.optionalText("next_cursor")
		hints := f.lenient()
		total = max(optionalOr[int](hints, "total_results", "a number"), optionalOr[int](hints, "total", "a number"))
		switch {
		case next == "" && total > shown:
			f.fail("the list shows %d of its %d objects", shown, total)
		case next == "":
		case p.cursors[next] || shown == p.shown && p.empty > 0:
			f.fail("the list does not end: it repeats a cursor or empty pages")
		case len(p.cursors) == maxPages:
			f.fail("the list does not end: it has more than %d pages", maxPages)
		}
	})
	if err != nil {
		return nil, err
	}
	maps.Copy(p.ids, ids)
	p.cursors[next] = true
	if shown == p.shown {
		p.empty++
	}
	p.shown, p.done, p.pages = shown, next == "", max(0, (total-1)/pageLimit+1)
	p.query.Set("cursor", next)
	return page, nil
}

// list yields the objects that a filter selects, and reads each page when it is needed. An error comes
// last.
func (l collection[T]) list(ctx context.Context, filter url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for pages := l.pager(filter); !pages.done; {
			page, err := pages.next(ctx)
			if !yieldAll(page, err, yield) {
				return
			}
		}
	}
}

// yieldAll yields objects, and then the error if there is one. It reports whether to go on.
func yieldAll[T any](objects []T, err error, yield func(T, error) bool) bool {
	for _, object := range objects {
		if !yield(object, nil) {
			return false
		}
	}
	if err != nil {
		var none T
		yield(none, err)
	}
	return err == nil
}

// collect returns what a list yields, or its error.
func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var objects []T
	for object, err := range list {
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// cachedList answers the reads of one kind of object with few requests, by the rule in DESIGN.md,
// "Lists". A single read sends only its own request: a GET for a read by id, a filtered list for
// a read by project or environment. Each page of a filtered list counts as a read.
//
// The list may change while it is read, so a read that it does not answer sends its own request.
// If the list fails, every read sends its own request. A write clears the cache before and after,
// so a read that starts after a write never sees older data.
type cachedList[T any] struct {
	collection[T]

	mu     sync.Mutex
	since  *cache[T]
	looked *cache[T] // see listed; whole, or nil
}

func newCachedList[T any](l collection[T]) *cachedList[T] {
	cached := &cachedList[T]{collection: l}
	cached.forget()
	return cached
}

// forget clears the cache. Requests on their way keep the old one.
func (l *cachedList[T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = l.newCache()
}

func (l *cachedList[T]) newCache() *cache[T] {
	return &cache[T]{begun: time.Now(), list: l.pager(nil), id: l.id, byID: map[string]*T{}, filtered: map[string][]T{}}
}

func (l *cachedList[T]) cache() *cache[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.since
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

// get returns the object with this id.
func (l *cachedList[T]) get(ctx context.Context, id string) (*T, error) {
	if strings.HasPrefix(id, KeyPrefix) {
		return nil, ErrKeyAsID
	}
	return l.answer(ctx, func(c *cache[T]) *T { return c.byID[id] }, func() (*T, error) {
		object, err := get(ctx, l.connection, l.path, id, l.read)
		if shown := l.listed(ctx, err, func(o *T) bool { return l.id(o) == id }); shown != nil {
			return shown, nil
		}
		return object, err
	})
}

// listed returns an object that a request did not find, if the list shows it nevertheless, or else nil. Behind some
// gateways every single object is "not found", and that must not remove one from a state. What an earlier look did not
// find either needs no other one, so that many objects that are gone share one list.
func (l *cachedList[T]) listed(ctx context.Context, err error, is func(*T) bool) (shown *T) {
	if !IsNotFound(err) || IsRevoked(err) {
		return nil
	}
	l.mu.Lock()
	before := l.looked
	l.mu.Unlock()
	if before != nil && before.first(is) == nil {
		return nil
	}
	now := l.newCache()
	if now.load(context.WithoutCancel(ctx), true) != nil {
		return nil // confirmed decides
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looked = now
	return now.first(is)
}

// answer returns the object that a lookup finds in the cache, or else that of the read's own request.
func (l *cachedList[T]) answer(ctx context.Context, lookup func(*cache[T]) *T, request func() (*T, error)) (*T, error) {
	c := l.cache()
	var found *T
	if c.find(ctx, false, func() bool { found = lookup(c); return found != nil }) {
		return new(*found), nil
	}
	object, err := request()
	if err != nil {
		return nil, l.confirmed(ctx, err)
	}
	c.keep(*object)
	return new(*object), nil
}

// where yields the objects that a filter selects, from the list of all objects if that suffices, or
// else from the filtered list. The list of all objects does not suffice if the filter's project may
// not exist, because then the service answers 404. An error comes last.
func (l *cachedList[T]) where(ctx context.Context, filter url.Values, selects func(*T) bool, suffices func([]T) (bool, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		c, pages, key, asked := l.cache(), l.pager(filter), filter.Encode(), []T(nil)
		for !pages.done {
			// Before each page, the list of all objects may have become cheaper.
			var objects []T
			known := false // the answer to this filter
			ok := c.find(ctx, len(pages.cursors) > 0, func() bool {
				if objects, known = c.filtered[key]; !known && c.complete {
					objects = c.selected(selects)
				}
				return known || c.complete
			})
			var err error
			if ok && !known {
				ok, err = suffices(objects)
			}
			if ok {
				yieldAll(slices.DeleteFunc(slices.Clone(objects), func(o T) bool { return pages.ids[l.id(&o)] }), nil, yield)
				return
			}
			var page []T // the caller may need no more than the first ones
			if err == nil {
				page, err = pages.next(ctx)
				page = slices.DeleteFunc(page, func(o T) bool { return !selects(&o) }) // the service may ignore a filter
			}
			if asked = append(asked, page...); err == nil && pages.done {
				c.keepFiltered(key, asked)
			}
			if !yieldAll(page, err, yield) {
				return
			}
		}
	}
}

// all yields every object. An error comes last.
func (l *cachedList[T]) all(ctx context.Context) iter.Seq2[T, error] { return l.cache().all(ctx) }

// remove deletes the object with this id.
func (l *cachedList[T]) remove(ctx context.Context, id string) error {
	err := remove(ctx, l.connection, l.path, id)
	if refused, ok := errors.AsType[*Error](err); ok && l.listed(ctx, err, func(o *T) bool { return l.id(o) == id }) != nil {
		return &MismatchError{Answer: refused.Answer, Reason: "the list still shows the object"}
	}
	return l.confirmed(ctx, err)
}

// confirmed keeps a 404 only if the service has the list. At a wrong base URL everything is "not
// found", and that must not remove an object from a state.
func (l *cachedList[T]) confirmed(ctx context.Context, err error) error {
	l.mu.Lock()
	seen := l.looked != nil
	l.mu.Unlock()
	if !IsNotFound(err) || seen {
		return err
	}
	listErr := l.cache().load(context.WithoutCancel(ctx), false)
	if refused, ok := errors.AsType[*Error](listErr); ok && isNotFound(refused.StatusCode) {
		return &UnreadableError{Answer: refused.Answer, Reason: "the API always has this list, but it was not found at this address"}
	}
	return cmp.Or(listErr, err)
}

// cache is what is known between two writes.
type cache[T any] struct {
	begun time.Time
	list  *pager[T] // of all objects; used by one load at a time
	id    func(*T) string
	loads singleflight.Group

	mu       sync.Mutex
	reads    int   // reads that the cache could not answer at once
	pages    [][]T // of the list, as far as it is loaded
	total    int   // the number of its pages, once the first is loaded
	complete bool
	failed   error
	byID     map[string]*T
	filtered map[string][]T // the service's answers, by filter
}

// find looks a read up. The second read loads the first page of the list, and once there were as
// many reads as there are pages, a read loads the whole list. On false, the caller sends the
// read's own request. begun says that it sent one before. lookup is called with c.mu held.
func (c *cache[T]) find(ctx context.Context, begun bool, lookup func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if lookup() {
		return true
	}
	c.reads++
	for _, whole := range []bool{false, true} {
		if c.failed != nil || c.reads < 2 || begun && c.total == 0 || whole && c.reads < c.total {
			return false
		}
		c.mu.Unlock()
		_ = c.load(ctx, whole) // then the read's own request says what is wrong
		c.mu.Lock()
		if lookup() {
			return true
		}
	}
	return false
}

func (c *cache[T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		yielded := 0
		for _, whole := range []bool{false, true} { // the caller may need no more than the first page
			err := c.load(ctx, whole)
			objects := c.loaded()[yielded:]
			if !yieldAll(objects, err, yield) {
				return
			}
			yielded += len(objects)
		}
	}
}

// load loads the first page or the whole list, unless that is done. Concurrent callers share it,
// so it goes on if one of them is interrupted.
func (c *cache[T]) load(ctx context.Context, whole bool) error {
	if whole {
		if err := c.load(ctx, false); err != nil {
			return err
		}
	}
	done := c.loads.DoChan(strconv.FormatBool(whole), func() (any, error) {
		for ctx := context.WithoutCancel(ctx); ; {
			if done, err := c.has(whole); done {
				return nil, err
			}
			c.add(c.list.next(ctx))
		}
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// has reports whether the first page or the whole list is loaded, or cannot be.
func (c *cache[T]) has(whole bool) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed != nil || c.complete || !whole && len(c.pages) > 0, c.failed
}

func (c *cache[T]) add(page []T, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed = err; err != nil {
		return
	}
	c.pages, c.complete = append(c.pages, page), c.list.done
	c.total = cmp.Or(c.list.pages, assumedPages)
	c.index(page)
}

// loaded returns the objects of the list, as far as it is loaded.
func (c *cache[T]) loaded() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Concat(c.pages...)
}

// selected returns the objects of the list that a filter selects. It is a lookup.
func (c *cache[T]) selected(selects func(*T) bool) (selected []T) {
	for _, page := range c.pages {
		for i := range page {
			if selects(&page[i]) {
				selected = append(selected, page[i])
			}
		}
	}
	return selected
}

// first returns the first object of the list that matches, or nil. It is a lookup.
func (c *cache[T]) first(matches func(*T) bool) *T {
	if found := c.selected(matches); len(found) > 0 {
		return &found[0]
	}
	return nil
}

func (c *cache[T]) keep(objects ...T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.index(objects)
}

func (c *cache[T]) keepFiltered(filter string, objects []T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filtered[filter] = objects
	c.index(objects)
}

// index is called with c.mu held.
func (c *cache[T]) index(objects []T) {
	for i := range objects {
		c.byID[c.id(&objects[i])] = &objects[i]
	}
}
