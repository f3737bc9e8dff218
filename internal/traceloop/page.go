package traceloop

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/url"
)

// pageLimit is the greatest number of results per page that the contract allows.
const pageLimit = "100"

// list yields the objects of a collection, page by page as they are asked for. A list
// that could not end, or that shows an object twice, is an error: half a list or a
// doubled one must never look whole.
func list[T any](ctx context.Context, c *Client, collection string, filter url.Values, read func(*fields) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var (
			query   = url.Values{"limit": {pageLimit}}
			cursors = map[string]bool{}
			ids     = map[string]bool{}
			empty   = 0
		)
		maps.Copy(query, filter)
		for {
			var page []T
			var next string
			err := c.do(ctx, request{method: http.MethodGet, path: collection, query: query}, func(f *fields) {
				for _, o := range f.objects("data") {
					page = append(page, read(o))
					id := o.text("id")
					if ids[id] {
						f.fail("the list shows an object twice")
					}
					ids[id] = true
				}
				next = f.optionalText("next_cursor")
				if len(page) == 0 {
					empty++
				}
				if next != "" && (cursors[next] || empty > 1) {
					f.fail("the list does not end: it repeats a cursor or empty pages")
				}
				cursors[next] = true
			})
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
			if next == "" {
				return
			}
			query.Set("cursor", next)
		}
	}
}
