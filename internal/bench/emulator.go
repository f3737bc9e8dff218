package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// emulator is a running one, and a client of it.
type emulator struct {
	*devtool.Emulator

	client *traceloop.Client
}

// onEmulator measures on an emulator of its own.
func (l *lab) onEmulator(ctx context.Context, measure func(*emulator) error) error {
	started, err := devtool.StartEmulator(ctx, l.emulatorPath)
	if err != nil {
		return err
	}
	defer func() { _ = started.Stop() }() // it holds nothing that is needed
	client, err := traceloop.New(traceloop.Config{BaseURL: started.URL, Key: started.Key, UserAgent: "bench"})
	if err != nil {
		return err
	}
	return measure(&emulator{started, client})
}

// pace is how the API is slowed down.
type pace struct {
	LatencyMS          int `json:"latency_ms"`
	RateLimitPerSecond int `json:"rate_limit_per_second"`
}

func (e *emulator) set(ctx context.Context, p pace) error {
	return e.Call(ctx, http.MethodPut, "/_emulator/settings", p, nil)
}

// begin has the record of requests begin here.
func (e *emulator) begin(ctx context.Context) error {
	return e.Call(ctx, http.MethodDelete, "/_emulator/requests", nil, nil)
}

// traffic is what the API was asked.
type traffic struct {
	requests, lists, writes, limited, inFlight int
}

// traffic returns what was asked since begin.
func (e *emulator) traffic(ctx context.Context) (t traffic, err error) {
	var record struct {
		Total       int `json:"total"`
		MaxInFlight int `json:"max_in_flight"`
		Requests    []struct {
			Method string `json:"method"`
			Path   string `json:"path"`
			Status int    `json:"status"`
		} `json:"requests"`
	}
	err = e.Call(ctx, http.MethodGet, "/_emulator/requests", nil, &record)
	t.requests, t.inFlight = record.Total, record.MaxInFlight
	for _, r := range record.Requests {
		switch {
		case r.Status == http.StatusTooManyRequests:
			t.limited++
		case r.Method != http.MethodGet:
			t.writes++
		case strings.Count(r.Path, "/") == 2:
			t.lists++
		}
	}
	return t, err
}
