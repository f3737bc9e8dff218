package emulator

import (
	"database/sql"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// Page is one page of a list.
type Page[T any] struct {
	Data         []T    `json:"data"`
	NextCursor   string `json:"next_cursor"`
	TotalResults int    `json:"total_results"`
}

// pageRequest asks for the rows after a cursor. A cursor is a sequence number of creation, so new
// and deleted rows do not move it.
type pageRequest struct {
	list  string // the list and its filters; a cursor is only for them
	after int64
	limit int
}

// parsePage reads limit and cursor. The path and the filters identify a list.
func parsePage(r *http.Request, filters ...string) (pageRequest, error) {
	query := r.URL.Query()
	list := url.Values{}
	for _, name := range filters {
		if query.Has(name) {
			list.Set(name, query.Get(name))
		}
	}
	page := pageRequest{list: r.URL.Path + "?" + list.Encode(), limit: contract.DefaultPage}
	if query.Has("limit") {
		limit, err := strconv.Atoi(query.Get("limit"))
		if err != nil || limit < 1 || limit > contract.MaxPage {
			return page, refuse(http.StatusBadRequest, "limit must be a whole number from 1 to %d, not %q.", contract.MaxPage, query.Get("limit"))
		}
		page.limit = limit
	}
	if query.Has("cursor") {
		var ok bool
		if page.after, ok = parseCursor(query.Get("cursor"), page.list); !ok {
			return page, refuse(http.StatusBadRequest, "cursor is not a next_cursor of this list with these filters. Start again without a cursor.")
		}
	}
	return page, nil
}

// filter reads a query parameter that filters a list.
func filter(r *http.Request, name string) (value string, given bool, err error) {
	query := r.URL.Query()
	if query.Has(name) && query.Get(name) == "" {
		err = refuse(http.StatusBadRequest, "%s is empty. Omit it to list all.", name)
	}
	return query.Get(name), query.Has(name), err
}

// readPage reads a page of the matching rows. from contains FROM and WHERE; its table is t.
func readPage[T any](tx *sql.Tx, page pageRequest, columns, from string, args []any, scan func(row) (T, error)) (*Page[T], error) {
	result := &Page[T]{Data: []T{}}
	if err := tx.QueryRow("SELECT COUNT(*) "+from, args...).Scan(&result.TotalResults); err != nil {
		return nil, err
	}
	var sequence []int64
	rows, err := readAll(tx, func(columns row) (T, error) {
		var seq int64
		value, err := scan(func(rest ...any) error { return columns(append([]any{&seq}, rest...)...) })
		sequence = append(sequence, seq)
		return value, err
	}, "SELECT t.seq, "+columns+" "+from+" AND t.seq > ? ORDER BY t.seq LIMIT ?", append(args, page.after, page.limit+1)...)
	if len(rows) > page.limit { // one more row shows that another page follows
		rows, result.NextCursor = rows[:page.limit], newCursor(page.list, sequence[page.limit-1])
	}
	result.Data = append(result.Data, rows...)
	return result, err
}

func newCursor(list string, seq int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + "\n" + strconv.FormatInt(seq, 10)))
}

func parseCursor(cursor, list string) (seq int64, ok bool) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return 0, false
	}
	number, ok := strings.CutPrefix(string(decoded), list+"\n")
	if !ok {
		return 0, false
	}
	seq, err = strconv.ParseInt(number, 10, 64)
	return seq, err == nil && seq > 0
}
