package traceloop

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

const (
	// pageLimit is the contract's maximum of results per page.
	pageLimit = 100

	// maxPages is more than any organization needs. A longer list is taken as endless.
	maxPages = 1000
)

// list yields the objects of a collection, and reads each page when it is needed.
func list[T any](ctx context.Context, c *Client, collection string, filter url.Values, read func(*fields) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		pages := newPager(c, collection, filter, read)
		for !pages.done {
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

// pager reads a list page by page. A list that does not end, contains an object twice or has fewer
// objects than it says is an error, because it may be incomplete.
type pager[T any] struct {
	client     *Client
	collection string
	query      url.Values
	read       func(*fields) T

	done    bool
	pages   int // from the total; 0 if it is not known
	cursors map[string]bool
	ids     map[string]bool
	empty   int
}

func newPager[T any](c *Client, collection string, filter url.Values, read func(*fields) T) *pager[T] {
	query := url.Values{"limit": {strconv.Itoa(pageLimit)}}
	maps.Copy(query, filter)
	return &pager[T]{client: c, collection: collection, query: query, read: read, cursors: map[string]bool{}, ids: map[string]bool{}}
}

func (p *pager[T]) next(ctx context.Context) ([]T, error) {
	var (
		page  []T
		total int
		next  string
		ids   = map[string]bool{}
	)
	err := p.client.do(ctx, request{method: http.MethodGet, path: p.collection, query: p.query, list: true}, func(f *fields) {
		for _, o := range f.each(f.elements) {
			object := p.read(o)
			id := o.text("id")
			if p.ids[id] || ids[id] {
				f.fail("the list contains an object twice")
			}
			ids[id] = true
			if o.gone == "" {
				page = append(page, object)
			}
		}
		next = f.optionalText("next_cursor")
		total = max(f.optionalInt("total_results"), f.optionalInt("total"))
		switch {
		case next == "" && total > len(p.ids)+len(ids):
			f.fail("the list shows %d of its %d objects", len(p.ids)+len(ids), total)
		case next == "":
		case p.cursors[next] || len(ids) == 0 && p.empty > 0:
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
	if len(ids) == 0 {
		p.empty++
	}
	p.done, p.pages = next == "", max(0, (total-1)/pageLimit+1)
	p.query.Set("cursor", next)
	return page, nil
}
