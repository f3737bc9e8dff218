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
	// applicationID marks a database as an emulator's: "TLem".
	applicationID = 0x544c656d
	schemaVersion = 3
)

//go:embed schema.sql
var schema string

//go:embed additions.sql
var additions string

//go:embed published.sql
var publishedSchema string

// store is the database. It has one connection, so its transactions run one after the other.
type store struct{ db *sql.DB }

// openStore opens a data file, or a database in memory where path is empty. A new one gets
// the schema and the seed, or the project that every new organization has (Rule 1).
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
	// _txlock: a transaction that starts as a reader could not always become a writer
	// where two emulators share a file.
	db, err := sql.Open("sqlite", "file:"+location+
		"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // more would each have a database in memory of their own
	s := &store{db}
	if err := s.prepare(path != "", now, seed); err != nil {
		if _, broken := errors.AsType[*apiError](err); !broken { // a rule, by the seed
			err = fmt.Errorf("unable to open the database %s: %w", path, err)
		}
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// errNotNew is about a seed, which would mix two organizations.
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
		if version == 0 {
			if _, err := tx.Exec(schema + ";" + publishedSchema); err != nil {
				return err
			}
			if _, err := tx.Exec(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(additions); err != nil || version != 0 {
			return err
		}
		if seed != nil {
			return seed.plant(tx, now)
		}
		_, err := insertProject(tx, "Default project", now)
		return err
	})
	if err != nil || !file {
		return err
	}
	// Only now, so that the marks of checkDataFile are in the file itself from the
	// beginning, and not for a while in its write-ahead log alone.
	_, err = s.db.Exec("PRAGMA journal_mode = WAL")
	return err
}

// managementKey returns the given key, or else the one of the former start, or else a new one, and
// keeps it for the next start.
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

// transact runs do in a transaction, which it commits when do returns nil. It ignores the
// request's context: a server finishes a request even if the client has gone.
func (s *store) transact(do func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing once it is committed
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *store) Close() error { return s.db.Close() }

// violates reports whether err is the refusal of the named constraint: "table.column" of a
// UNIQUE one, the name of a CHECK, the word that a trigger raised.
func violates(err error, constraint string) bool {
	sqliteErr, ok := errors.AsType[*sqlite.Error](err)
	return ok && sqliteErr.Code()&0xff == sqlite3.SQLITE_CONSTRAINT && strings.Contains(sqliteErr.Error(), constraint)
}

// checkDataFile refuses a file that an emulator of this version did not make. It looks at
// the header that every SQLite file has, and leaves the file as it is; one that does not
// exist yet it creates, empty.
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
		return errors.New("it is a database of something else; name another file, or one that does not exist yet")
	}
	if version := binary.BigEndian.Uint32(header[60:]); version != schemaVersion {
		return fmt.Errorf("another version of the emulator made it: its schema is version %d, this emulator knows version %d; name another file, or one that does not exist yet", version, schemaVersion)
	}
	return nil
}
