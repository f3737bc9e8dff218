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

// emulator is a running traceloop-emulator.
type emulator struct {
	URL, Key string

	cmd    *exec.Cmd
	cancel context.CancelFunc
	log    bytes.Buffer
}

// startEmulator runs the emulator's binary on a free port, and reads its address from its first
// two lines. It ends with ctx or with Stop.
func startEmulator(ctx context.Context, file string, flags ...string) (*emulator, error) {
	ctx, cancel := context.WithCancel(ctx)
	e := &emulator{cmd: devtool.Command(ctx, file, append([]string{"-listen", "127.0.0.1:0"}, flags...)...), cancel: cancel}
	e.cmd.Env, e.cmd.Stderr = devtool.Env(), &e.log
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
		given[name] = strings.Trim(value, `'"`)
	}
	e.URL, e.Key = given["TRACELOOP_MANAGEMENT_BASE_URL"], given["TRACELOOP_MANAGEMENT_API_KEY"]
	if e.URL == "" || e.Key == "" {
		err := errors.Join(errors.New("the emulator did not say where it listens"), lines.Err(), e.stop())
		return nil, fmt.Errorf("%w\n%s", err, &e.log)
	}
	return e, nil
}

// stop ends the emulator. That a signal ended it is no error.
func (e *emulator) stop() error {
	e.cancel()
	err := e.cmd.Wait()
	devtool.Reap(e.cmd)
	if exit, ok := errors.AsType[*exec.ExitError](err); errors.Is(err, context.Canceled) || ok && !exit.Exited() {
		return nil
	}
	return err
}

// call sends a request to the API or to a control call, past the provider. A nil "into" reads no
// answer.
func (e *emulator) call(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, e.URL+path, http.NoBody)
	if err != nil {
		return err
	}
	if strings.HasPrefix(path, "/v2/") {
		req.Header.Set("Authorization", "Bearer "+e.Key)
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
