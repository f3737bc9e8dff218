package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// emulator is a running traceloop-emulator.
type emulator struct {
	url, key string
	client   *traceloop.Client

	cmd    *exec.Cmd
	cancel context.CancelFunc
}

func startEmulator(ctx context.Context, file string) (*emulator, error) {
	ctx, cancel := context.WithCancel(ctx)
	e := &emulator{cmd: devtool.Command(ctx, file, "-listen", "127.0.0.1:0"), cancel: cancel}
	e.cmd.Env = devtool.Env()
	stdout, err := e.cmd.StdoutPipe()
	if err == nil {
		err = e.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}

	given := map[string]string{}
	lines := bufio.NewScanner(stdout)
	for len(given) < 2 && lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		given[name] = strings.Trim(value, `'`)
	}
	e.url, e.key = given["TRACELOOP_MANAGEMENT_BASE_URL"], given["TRACELOOP_MANAGEMENT_API_KEY"]
	e.client, err = traceloop.New(traceloop.Config{BaseURL: e.url, Key: e.key, UserAgent: "bench"})
	if err != nil {
		e.stop()
		return nil, fmt.Errorf("the emulator did not say where it listens: %w", errors.Join(lines.Err(), err))
	}
	return e, nil
}

func (e *emulator) stop() {
	e.cancel()
	_ = e.cmd.Wait() // it was stopped by a signal
	devtool.Reap(e.cmd)
}

// pace is how the API is slowed down.
type pace struct {
	LatencyMS          int `json:"latency_ms"`
	RateLimitPerSecond int `json:"rate_limit_per_second"`
}

// traffic is what the API was asked.
type traffic struct {
	Total       int `json:"total"`
	MaxInFlight int `json:"max_in_flight"`
	Requests    []struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Status int    `json:"status"`
	} `json:"requests"`
}

// count returns how many requests match.
func (t *traffic) count(method string, status int) int {
	n := 0
	for _, r := range t.Requests {
		if (method == "" || r.Method == method) && (status == 0 || r.Status == status) {
			n++
		}
	}
	return n
}

// lists returns how many requests asked for a page of a list.
func (t *traffic) lists() int {
	n := 0
	for _, r := range t.Requests {
		if r.Method == http.MethodGet && strings.Count(r.Path, "/") == 2 {
			n++
		}
	}
	return n
}

func (e *emulator) set(ctx context.Context, p pace) error {
	return e.control(ctx, http.MethodPut, "settings", p, nil)
}

// begin has the record of requests begin here.
func (e *emulator) begin(ctx context.Context) error {
	return e.control(ctx, http.MethodDelete, "requests", nil, nil)
}

// traffic returns the record since begin.
func (e *emulator) traffic(ctx context.Context) (*traffic, error) {
	t := &traffic{}
	return t, e.control(ctx, http.MethodGet, "requests", nil, t)
}

func (e *emulator) control(ctx context.Context, method, call string, body, into any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, e.url+"/_emulator/"+call, content)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, call, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
