package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

type emulator struct {
	baseURL       string
	managementKey string

	cmd    *exec.Cmd
	cancel context.CancelFunc
	log    *bytes.Buffer
}

// startEmulator runs the emulator's binary and reads its address from its first two lines.
func startEmulator(ctx context.Context, file, data string) (*emulator, error) {
	// It outlives ctx, so that an interrupted CLI can still finish and release its locks.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &emulator{cmd: devtool.Command(ctx, file, "-listen", "127.0.0.1:0", "-data", data), cancel: cancel, log: &bytes.Buffer{}}
	e.cmd.Env = devtool.Env()
	e.cmd.Stderr = e.log
	stdout, err := e.cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	err = e.cmd.Start()
	if err != nil {
		cancel()
		return nil, err
	}

	given := map[string]string{}
	lines := bufio.NewScanner(stdout)
	for len(given) < 2 && lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		given[name] = strings.Trim(value, `'"`)
	}
	e.baseURL, e.managementKey = given["TRACELOOP_MANAGEMENT_BASE_URL"], given["TRACELOOP_MANAGEMENT_API_KEY"]
	if e.baseURL == "" || e.managementKey == "" {
		return nil, errors.Join(errors.New("the emulator did not say where it listens"), lines.Err(), e.stop(), errors.New(e.log.String()))
	}
	return e, nil
}

func (e *emulator) stop() error {
	e.cancel()
	err := e.cmd.Wait()
	devtool.Reap(e.cmd)
	var exit *exec.ExitError
	if errors.Is(err, context.Canceled) || errors.As(err, &exit) && !exit.Exited() {
		return nil // Stopped by the signal that was sent.
	}
	return err
}

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
	err := e.call(ctx, http.MethodGet, path, &page)
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
	err := e.call(ctx, http.MethodGet, "/_emulator/requests", &log)
	if err != nil {
		return nil, err
	}
	var changes []request
	for _, r := range log.Requests {
		if r.Method != http.MethodGet && strings.HasPrefix(r.Path, "/v2/") {
			changes = append(changes, r)
		}
	}
	return changes, e.call(ctx, http.MethodDelete, "/_emulator/requests", nil)
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
	err := e.call(ctx, http.MethodGet, "/_emulator/traces", &t)
	return t, err
}

func (e *emulator) call(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, e.baseURL+path, http.NoBody)
	if err != nil {
		return err
	}
	if strings.HasPrefix(path, "/v2/") {
		req.Header.Set("Authorization", "Bearer "+e.managementKey)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
