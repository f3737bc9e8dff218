package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// envFile is the path of a file with the two lines, or empty. The file exists only while the emulator
// listens, so that scripts can wait for it.
type envFile string

var ownLines = regexp.MustCompile(`\A(export TRACELOOP_\w+=.*\n)*\z`)

// clear removes the file of an earlier run. It refuses any other file.
func (f envFile) clear() error {
	if f == "" {
		return nil
	}
	content, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !ownLines.Match(content) {
		err = errors.New("it has other content; name another file, or one that does not exist yet")
	}
	if err == nil {
		err = os.Remove(string(f))
	}
	return f.problem(err)
}

// write creates the file atomically, readable only by its user.
func (f envFile) write(lines string) error {
	if f == "" {
		return nil
	}
	// os.CreateTemp makes files that only their user can read. The file contains the key.
	file, err := os.CreateTemp(filepath.Dir(string(f)), ".traceloop-emulator-*")
	if err != nil {
		return f.problem(err)
	}
	_, err = file.WriteString(lines)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), string(f))
	}
	if err != nil {
		return errors.Join(f.problem(err), os.Remove(file.Name()))
	}
	return nil
}

// remove keeps the file if another emulator has written it since.
func (f envFile) remove(lines string) error {
	if content, err := os.ReadFile(string(f)); err != nil || string(content) != lines {
		return nil //nolint:nilerr // it is gone, or another's
	}
	return os.Remove(string(f))
}

func (f envFile) problem(err error) error {
	if err != nil {
		err = fmt.Errorf("-env-file %s: %w", f, unwrapPath(err))
	}
	return err
}

func unwrapPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
