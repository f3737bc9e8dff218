package emulator

import (
	"database/sql"
	"errors"
)

// row scans the columns of one row.
type row func(columns ...any) error

// each runs a query and passes its rows on.
func each(tx *sql.Tx, query string, args []any, do func(row) error) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

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
	err = each(tx, query, args, func(columns row) error {
		value, err := scan(columns)
		all = append(all, value)
		return err
	})
	return all, err
}
