package emulator

import (
	"database/sql"
	"errors"
)

// row scans the columns of one row.
type row func(columns ...any) error

// readOne reads the row of a query, or returns absent.
func readOne[T any](tx *sql.Tx, scan func(row) (T, error), absent error, query string, args ...any) (T, error) {
	value, err := scan(tx.QueryRow(query, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = absent
	}
	return value, err
}

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
