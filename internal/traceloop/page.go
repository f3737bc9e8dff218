package traceloop

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// pageLimit is the contract's maximum of results per page.
const pageLimit = 100

// maxPages is more than any organization needs. A longer list is taken as endless.
const maxPages = 1000

// list yields the objects of a collection, and reads each page when it is needed.
func list[T any](ctx context.Context, c *Client, collection string, filter url.Values, read func(*fields) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		pages := newPager(c, collection, filter, read)
		for !pages.done {
			page, err := pages.next(ctx)
			if err != nil {
				var none T
				yield(none, err)
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

// pager reads a list page by page. A list that does not end, or contains an object twice, is an
// error, because it may be incomplete.
type pager[T any] struct {
	client     *Client
	collection string
	query      url.Values
	read       func(*fields) T

	done    bool
	pages   int // from total_results; 0 if it is not known
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
		pages int
		next  string
		ids   = map[string]bool{}
	)
	err := p.client.do(ctx, request{method: http.MethodGet, path: p.collection, query: p.query}, func(f *fields) {
		for _, o := range f.objects("data") {
			page = append(page, p.read(o))
			id := o.text("id")
			if p.ids[id] || ids[id] {
				f.fail("the list contains an object twice")
			}
			ids[id] = true
		}
		next = f.optionalText("next_cursor")
		pages = max(0, (f.optionalInt("total_results")+pageLimit-1)/pageLimit)
		switch {
		case next == "":
		case p.cursors[next] || len(page) == 0 && p.empty > 0:
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
	if len(page) == 0 {
		p.empty++
	}
	p.done, p.pages = next == "", pages
	p.query.Set("cursor", next)
	return page, nil
}
