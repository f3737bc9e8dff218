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

// kind is a kind of object: how the database stores it, and how the API finds it.
type kind[T any] struct {
	table   string // which has the name t in joins, columns and filters
	joins   string
	columns string
	scan    func(row) (T, error)
	absent  string   // says that no object has the id
	filters []filter // of the list
}

// filter is a query parameter that filters a list.
type filter struct {
	name  string
	where string // with a "?" for the value
	check func(tx *sql.Tx, value string) error
}

// row scans the columns of one row.
type row func(columns ...any) error

// readAll reads the rows of a query.
func readAll[T any](tx *sql.Tx, scan func(row) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		value, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, rows.Err()
}

// only returns the one object that was found, or absent.
func only[T any](found []T, err, absent error) (object T, _ error) {
	switch {
	case err != nil:
		return object, err
	case len(found) == 0:
		return object, absent
	}
	return found[0], nil
}

func (k kind[T]) from(where string) string {
	return " FROM " + k.table + " t " + k.joins + " WHERE " + where
}

// read reads the objects that match, oldest first.
func (k kind[T]) read(tx *sql.Tx, where string, args ...any) ([]T, error) {
	return readAll(tx, k.scan, "SELECT "+k.columns+k.from(where)+" ORDER BY t.seq", args...)
}

func (k kind[T]) byID(tx *sql.Tx, id string) (T, error) {
	found, err := k.read(tx, "t.id = ?", id)
	return only(found, err, k.none(id))
}

func (k kind[T]) none(id string) error { return refuse(http.StatusNotFound, k.absent, id) }

func (k kind[T]) get(c *call) (any, error) { return k.byID(c.tx, c.PathValue("id")) }

// delete also deletes what belongs to the object: see ON DELETE CASCADE in the schema.
func (k kind[T]) delete(c *call) (any, error) {
	id := c.PathValue("id")
	return c.delete(k.none(id), "DELETE FROM "+k.table+" WHERE id = ?", id)
}

// newOr returns the id, or a new one if it is empty.
const newOr = "coalesce(nullif(?, ''), 'c' || lower(hex(randomblob(12))))"

func idTaken(err error, constraint, id string) error {
	if violates(err, constraint) {
		return refuse(http.StatusConflict, "Another entry has the id %q.", id)
	}
	return err
}

// Page is one page of a list.
type Page[T any] struct {
	Data         []T    `json:"data"`
	NextCursor   string `json:"next_cursor"`
	TotalResults int    `json:"total_results"`
}

// list answers with a page. Its cursor is a sequence number of creation, so new and deleted rows do not
// move it.
func (k kind[T]) list(c *call) (any, error) {
	query, filters := c.URL.Query(), url.Values{}
	where, args := "true", []any{}
	for _, f := range k.filters {
		value := query.Get(f.name)
		switch {
		case !query.Has(f.name):
			continue
		case value == "":
			return nil, emptyFilter(f.name)
		}
		if err := f.check(c.tx, value); err != nil {
			return nil, err
		}
		filters.Set(f.name, value)
		where, args = where+" AND "+f.where, append(args, value)
	}
	list := c.URL.Path + "?" + filters.Encode() // which the cursor is for
	limit, after, err := parsePage(query, list)
	if err != nil {
		return nil, err
	}
	page := &Page[T]{Data: []T{}}
	if err := c.tx.QueryRow("SELECT COUNT(*)"+k.from(where), args...).Scan(&page.TotalResults); err != nil {
		return nil, err
	}
	var sequence []int64
	rows, err := readAll(c.tx, func(columns row) (T, error) {
		var seq int64
		value, err := k.scan(func(rest ...any) error { return columns(append([]any{&seq}, rest...)...) })
		sequence = append(sequence, seq)
		return value, err
	}, "SELECT t.seq, "+k.columns+k.from(where)+" AND t.seq > ? ORDER BY t.seq LIMIT ?", append(args, after, limit+1)...)
	if len(rows) > limit { // one more row shows that another page follows
		rows, page.NextCursor = rows[:limit], newCursor(list, sequence[limit-1])
	}
	page.Data = append(page.Data, rows...)
	return page, err
}

func emptyFilter(name string) error {
	return refuse(http.StatusBadRequest, "%s is empty. Omit it to list all.", name)
}

func parsePage(query url.Values, list string) (limit int, after int64, err error) {
	limit = contract.DefaultPage
	if query.Has("limit") {
		limit, err = strconv.Atoi(query.Get("limit"))
		if err != nil || limit < 1 || limit > contract.MaxPage {
			return 0, 0, refuse(http.StatusBadRequest, "limit must be a whole number from 1 to %d, not %q.", contract.MaxPage, query.Get("limit"))
		}
	}
	if query.Has("cursor") {
		var ok bool
		if after, ok = parseCursor(query.Get("cursor"), list); !ok {
			return 0, 0, refuse(http.StatusBadRequest, "cursor is not a next_cursor of this list with these filters. Start again without a cursor.")
		}
	}
	return limit, after, nil
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
