package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// ownedFile is a file with the emulator's address. It exists only while the emulator listens, so
// that scripts can wait for it.
type ownedFile struct {
	flag string
	path string // empty if not wanted
	own  *regexp.Regexp
}

var (
	ownEnv     = regexp.MustCompile(`\A(export TRACELOOP_\w+=.*\n)*\z`)
	ownAddress = regexp.MustCompile(`\A(\S+:\d+\n)?\z`)
)

// clear removes the file of an earlier run. It refuses any other file.
func (f ownedFile) clear() error {
	if f.path == "" {
		return nil
	}
	content, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !f.own.Match(content) {
		err = errors.New("it has other content; name another file, or one that does not exist yet")
	}
	if err == nil {
		err = os.Remove(f.path)
	}
	if err != nil {
		return fmt.Errorf("-%s %s: %w", f.flag, f.path, unwrapPath(err))
	}
	return nil
}

// write creates the file atomically, readable only by its user.
func (f ownedFile) write(content string) error {
	if f.path == "" {
		return nil
	}
	// os.CreateTemp makes files that only their user can read. The file may contain the key.
	file, err := os.CreateTemp(filepath.Dir(f.path), ".traceloop-emulator-*")
	if err != nil {
		return fmt.Errorf("-%s %s: %w", f.flag, f.path, unwrapPath(err))
	}
	_, err = file.WriteString(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), f.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("-%s %s: %w", f.flag, f.path, unwrapPath(err)), os.Remove(file.Name()))
	}
	return nil
}

// remove keeps the file if another emulator has written it since.
func (f ownedFile) remove(content string) error {
	if f.path == "" {
		return nil
	}
	switch found, err := os.ReadFile(f.path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case string(found) != content:
		return nil
	}
	return os.Remove(f.path)
}

func unwrapPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
