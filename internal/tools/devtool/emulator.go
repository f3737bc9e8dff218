package devtool

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
)

// Emulator is a running traceloop-emulator.
type Emulator struct {
	URL, Key string

	cmd    *exec.Cmd
	cancel context.CancelFunc
	log    bytes.Buffer
}

// StartEmulator runs the emulator's binary on a free port, and reads its address from its first
// two lines. It ends with ctx or with Stop.
func StartEmulator(ctx context.Context, file string, flags ...string) (*Emulator, error) {
	ctx, cancel := context.WithCancel(ctx)
	e := &Emulator{cmd: Command(ctx, file, append([]string{"-listen", "127.0.0.1:0"}, flags...)...), cancel: cancel}
	e.cmd.Env, e.cmd.Stderr = Env(), &e.log
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
		err := errors.Join(errors.New("the emulator did not say where it listens"), lines.Err(), e.Stop())
		return nil, fmt.Errorf("%w\n%s", err, &e.log)
	}
	return e, nil
}

// Stop ends the emulator. That a signal ended it is no error.
func (e *Emulator) Stop() error {
	e.cancel()
	err := e.cmd.Wait()
	Reap(e.cmd)
	if exit, ok := errors.AsType[*exec.ExitError](err); errors.Is(err, context.Canceled) || ok && !exit.Exited() {
		return nil
	}
	return err
}

// Call sends a request to the API or to a control call, past the provider. A nil body sends none,
// and a nil "into" reads none.
func (e *Emulator) Call(ctx context.Context, method, path string, body, into any) error {
	content := &bytes.Buffer{}
	if body != nil {
		if err := json.NewEncoder(content).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, e.URL+path, content)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
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
