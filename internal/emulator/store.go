package emulator

import (
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// applicationID marks a database of the emulator: "TLem".
	applicationID = 0x544c656d
	schemaVersion = 5
)

//go:embed schema.sql
var schema string

//go:embed published.sql
var publishedSchema string

// store is the database. It has one connection, so transactions run one after another.
type store struct{ db *sql.DB }

// openStore opens a data file, or a database in memory if path is empty. A new database gets the
// schema and the seed, or the default project (Rule 1).
func openStore(path, now string, seed *Seed) (*store, error) {
	location := ":memory:"
	if path != "" {
		// SQLite would let others read it. It has the management key.
		file, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("unable to use the data file: %w", err)
		}
		file.Close()
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		location = (&url.URL{Path: "/" + strings.TrimPrefix(filepath.ToSlash(absolute), "/")}).EscapedPath()
	}
	// _txlock: if two emulators share a file, a transaction that starts as a reader cannot always
	// become a writer.
	db, err := sql.Open("sqlite", "file:"+location+
		"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // each connection would have its own database in memory
	s := &store{db}
	err = s.transact(func(tx *sql.Tx) error { return prepare(tx, now, seed) })
	if err == nil && path != "" {
		_, err = db.Exec("PRAGMA journal_mode = WAL")
	}
	if err == nil {
		return s, nil
	}
	if sqliteErr, ok := errors.AsType[*sqlite.Error](err); ok && sqliteErr.Code() == sqlite3.SQLITE_NOTADB {
		err = errors.New("it is not a SQLite database; name another file, or one that does not exist yet")
	}
	if _, broken := errors.AsType[*apiError](err); !broken { // the seed violates a rule
		err = fmt.Errorf("unable to use the data file %s: %w", path, err)
	}
	return nil, errors.Join(err, db.Close())
}

// prepare refuses a database that this version of the emulator did not create, and a seed that would
// mix two organizations.
func prepare(tx *sql.Tx, now string, seed *Seed) error {
	var application, version, tables int
	err := tx.QueryRow("SELECT application_id, user_version, (SELECT COUNT(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version").
		Scan(&application, &version, &tables)
	switch {
	case err != nil:
		return err
	case tables == 0:
		return create(tx, now, seed)
	case application != applicationID:
		return errors.New("it is another program's database; name another file, or one that does not exist yet")
	case version != schemaVersion:
		return fmt.Errorf("another version of the emulator made it: its schema is version %d, this emulator knows version %d; name another file, or one that does not exist yet", version, schemaVersion)
	case seed != nil:
		return errors.New("it holds an organization already, so a seed cannot start one; name a file that does not exist yet, or leave the seed out")
	}
	return nil
}

func create(tx *sql.Tx, now string, seed *Seed) error {
	marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion)
	if _, err := tx.Exec(schema + ";" + publishedSchema + ";" + marks); err != nil {
		return err
	}
	if seed == nil {
		seed = &Seed{Projects: []SeedProject{{Name: "Default project"}}}
	}
	return seed.plant(tx, now)
}

// managementKey returns the given key, or else the stored one, or else a new one. It stores the key.
func (s *store) managementKey(given string) (key string, err error) {
	err = s.transact(func(tx *sql.Tx) error {
		err := tx.QueryRow("SELECT key FROM management_key").Scan(&key)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		case given != "":
			key = given
		case key == "":
			key = newKey()
		}
		_, err = tx.Exec("INSERT OR REPLACE INTO management_key (one, key) VALUES (1, ?)", key)
		return err
	})
	return key, err
}

// transact runs do in a transaction and commits it if do returns nil. It ignores the request's
// context: a server completes a request even if the client has closed the connection.
func (s *store) transact(do func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after the commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *store) Close() error { return s.db.Close() }

// violates reports whether err is a violation of the constraint: "table.column" for UNIQUE, the name
// of a CHECK, or the word that a trigger raises.
func violates(err error, constraint string) bool {
	sqliteErr, ok := errors.AsType[*sqlite.Error](err)
	return ok && sqliteErr.Code()&0xff == sqlite3.SQLITE_CONSTRAINT && strings.Contains(sqliteErr.Error(), constraint)
}
