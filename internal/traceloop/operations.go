package traceloop

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// These operations are the same for all objects. read makes an object from an answer's fields.

func create[T any](ctx context.Context, c *Client, collection string, body any, read func(*fields) T) (*T, error) {
	return object(ctx, c, request{method: http.MethodPost, path: collection, body: body}, read)
}

// createIdempotent is create for a POST that the service answers with its first answer if repeated.
func createIdempotent[T any](ctx context.Context, c *Client, collection string, body any, read func(*fields) T) (*T, error) {
	return object(ctx, c, request{method: http.MethodPost, path: collection, body: body, repeatable: true}, read)
}

func get[T any](ctx context.Context, c *Client, collection, id string, read func(*fields) T) (*T, error) {
	path, err := elementPath(collection, id)
	if err != nil {
		return nil, err
	}
	return object(ctx, c, request{method: http.MethodGet, path: path}, requireID(id, read))
}

func update[T any](ctx context.Context, c *Client, collection, id string, body any, read func(*fields) T) (*T, error) {
	path, err := elementPath(collection, id)
	if err != nil {
		return nil, err
	}
	return object(ctx, c, request{method: http.MethodPatch, path: path, body: body}, requireID(id, read))
}

func remove(ctx context.Context, c *Client, collection, id string) error {
	path, err := elementPath(collection, id)
	if err != nil {
		return err
	}
	return c.do(ctx, request{method: http.MethodDelete, path: path}, nil)
}

func object[T any](ctx context.Context, c *Client, r request, read func(*fields) T) (*T, error) {
	var result T
	if err := c.do(ctx, r, func(f *fields) { result = read(f) }); err != nil {
		return nil, err
	}
	return &result, nil
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
