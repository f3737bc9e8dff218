package traceloop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// These operations are the same for all objects. read makes an object from an answer's fields.

// create needs only the id of the answer, so that an object is never lost. If anything else is
// missing, it reads the object again. If that fails, it returns what is known.
func create[T any](ctx context.Context, c *connection, collection string, body any, read func(*fields) T) (*T, error) {
	var (
		id, problem string
		created     T
	)
	err := c.do(ctx, request{method: http.MethodPost, path: collection, body: body}, func(f *fields) {
		id = f.text("id")
		lenient := f.lenient()
		created, problem = read(lenient), *lenient.problem
	})
	if err != nil {
		return nil, err
	}
	if problem != "" {
		if whole, err := get(context.WithoutCancel(ctx), c, collection, id, read); err == nil {
			return whole, nil
		}
	}
	return &created, nil
}

func get[T any](ctx context.Context, c *connection, collection, id string, read func(*fields) T) (*T, error) {
	path, err := elementPath(collection, id)
	if err != nil {
		return nil, err
	}
	return object(ctx, c, request{method: http.MethodGet, path: path}, requireID(id, read))
}

func update[T any](ctx context.Context, c *connection, collection, id string, body any, read func(*fields) T) (*T, error) {
	path, err := elementPath(collection, id)
	if err != nil {
		return nil, err
	}
	return object(ctx, c, request{method: http.MethodPatch, path: path, body: body}, requireID(id, read))
}

func remove(ctx context.Context, c *connection, collection, id string) error {
	path, err := elementPath(collection, id)
	if err != nil {
		return err
	}
	return c.do(ctx, request{method: http.MethodDelete, path: path}, nil)
}

// object carries out an operation that answers with an object. If a change succeeded and its
// answer does not show the object, it reads the object.
func object[T any](ctx context.Context, c *connection, r request, read func(*fields) T) (*T, error) {
	var result *T
	err := c.do(ctx, r, func(f *fields) { result = new(read(f)) })
	_, mismatch := errors.AsType[*MismatchError](err)
	if (r.method == http.MethodPut || r.method == http.MethodPatch) && (mismatch || err == nil && result == nil) {
		read, err := object(context.WithoutCancel(ctx), c, request{method: http.MethodGet, path: r.path}, read)
		if err != nil {
			err = fmt.Errorf("the service carried out the %s, and its answer does not show the object: %w", r.method, err)
		}
		return read, err
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// requireID rejects an answer whose id differs from the one requested, so that no caller
// changes or deletes the wrong object.
func requireID[T any](id string, read func(*fields) T) func(*fields) T {
	return func(f *fields) T {
		object := read(f)
		if f.text("id") != id {
			f.fail("it describes another object")
		}
		return object
	}
}

// elementPath refuses ids that would address the collection or its parent, so that a DELETE never
// reaches the wrong object.
func elementPath(collection, id string) (string, error) {
	if id == "" || id == "." || id == ".." {
		return "", fmt.Errorf("%q cannot be an id under %s", id, collection)
	}
	return collection + "/" + url.PathEscape(id), nil
}
