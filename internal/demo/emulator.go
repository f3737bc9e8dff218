package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

type emulator struct{ *devtool.Emulator }

type object struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Slug        string    `json:"slug"`
	Environment string    `json:"environment"`
	BuiltIn     bool      `json:"built_in"`
	MaskedKey   string    `json:"masked_key"`
	CreatedAt   time.Time `json:"created_at"`
}

// list reads a collection of the management API, without the provider.
func (e *emulator) list(ctx context.Context, path string) ([]object, error) {
	var page struct{ Data []object }
	err := e.Call(ctx, http.MethodGet, path, nil, &page)
	return page.Data, err
}

type request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
}

// changes returns the requests so far, except reads, and clears the record.
func (e *emulator) changes(ctx context.Context) ([]request, error) {
	var log struct{ Requests []request }
	err := e.Call(ctx, http.MethodGet, "/_emulator/requests", nil, &log)
	if err != nil {
		return nil, err
	}
	var changes []request
	for _, r := range log.Requests {
		if r.Method != http.MethodGet && strings.HasPrefix(r.Path, "/v2/") {
			changes = append(changes, r)
		}
	}
	return changes, e.Call(ctx, http.MethodDelete, "/_emulator/requests", nil, nil)
}

type traces struct {
	Accepted []struct {
		ProjectID   string `json:"project_id"`
		Project     string `json:"project"`
		Environment string `json:"environment"`
		Spans       int    `json:"spans"`
	} `json:"accepted"`
	RefusedRequests int `json:"refused_requests"`
}

func (e *emulator) traces(ctx context.Context) (traces, error) {
	var t traces
	err := e.Call(ctx, http.MethodGet, "/_emulator/traces", nil, &t)
	return t, err
}
