package emulator

import "database/sql"

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

// readAll reads the rows of a query.
func readAll[T any](tx *sql.Tx, scan func(row) (T, error), query string, args ...any) (all []T, err error) {
	err = each(tx, query, args, func(columns row) error {
		value, err := scan(columns)
		all = append(all, value)
		return err
	})
	return all, err
}
