package emulator

import (
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
		if err := checkDataFile(path); err != nil {
			return nil, fmt.Errorf("unable to use the data file %s: %w", path, err)
		}
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
	if err := s.prepare(path != "", now, seed); err != nil {
		if _, broken := errors.AsType[*apiError](err); !broken { // the seed violates a rule
			err = fmt.Errorf("unable to open the database %s: %w", path, err)
		}
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// errNotNew refuses a seed that would mix two organizations.
var errNotNew = errors.New("it holds an organization already, so a seed cannot start one; name a file that does not exist yet, or leave the seed out")

func (s *store) prepare(file bool, now string, seed *Seed) error {
	err := s.transact(func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version != 0 && seed != nil {
			return errNotNew
		}
		if version != 0 {
			return nil
		}
		marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion)
		if _, err := tx.Exec(schema + ";" + publishedSchema + ";" + marks); err != nil {
			return err
		}
		if seed == nil {
			seed = &Seed{Projects: []SeedProject{{Name: "Default project"}}}
		}
		return seed.plant(tx, now)
	})
	if err != nil || !file {
		return err
	}
	// Not earlier, so that the marks for checkDataFile are written to the file itself, and not only
	// to its write-ahead log.
	_, err = s.db.Exec("PRAGMA journal_mode = WAL")
	return err
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

// checkDataFile refuses a file that this version of the emulator did not create. It reads the SQLite
// header and does not change the file. It creates a missing file, empty.
func checkDataFile(path string) error {
	file, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		if pathErr, ok := errors.AsType[*os.PathError](err); ok {
			return pathErr.Err
		}
		return err
	}
	defer file.Close()

	const magic = "SQLite format 3\x00"
	var header [100]byte
	switch n, err := io.ReadFull(file, header[:]); {
	case errors.Is(err, io.EOF): // it is empty
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case n < len(header) || string(header[:len(magic)]) != magic:
		return errors.New("it is not a SQLite database; name another file, or one that does not exist yet")
	}
	// Offsets from https://www.sqlite.org/fileformat2.html#the_database_header
	if id := binary.BigEndian.Uint32(header[68:]); id != applicationID {
		return errors.New("it is another program's database; name another file, or one that does not exist yet")
	}
	if version := binary.BigEndian.Uint32(header[60:]); version != schemaVersion {
		return fmt.Errorf("another version of the emulator made it: its schema is version %d, this emulator knows version %d; name another file, or one that does not exist yet", version, schemaVersion)
	}
	return nil
}
