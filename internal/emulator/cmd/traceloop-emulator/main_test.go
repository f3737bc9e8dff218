package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

// runMain makes the test binary the emulator's.
const runMain = "TRACELOOP_EMULATOR_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), runMain+"=1")
	return cmd
}

var twoLines = regexp.MustCompile(`\Aexport TRACELOOP_MANAGEMENT_BASE_URL=(http://\S+)\nexport TRACELOOP_MANAGEMENT_API_KEY=(\S+)\n\z`)

// output is a stdout or stderr that can be waited for.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
	lines  chan struct{} // closed with the second line
}

func newOutput() *output { return &output{lines: make(chan struct{})} }

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := bytes.Count(o.buffer.Bytes(), []byte("\n"))
	o.buffer.Write(data)
	if before < 2 && bytes.Count(o.buffer.Bytes(), []byte("\n")) >= 2 {
		close(o.lines)
	}
	return len(data), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// running is an emulator in a process of its own, or in this one.
type running struct {
	url, key       string
	stdout, stderr *output
	ended          chan error
}

func (r *running) wait(t *testing.T) *running {
	t.Helper()
	select {
	case <-r.stdout.lines:
	case err := <-r.ended:
		t.Fatalf("it ended: %v\n%s", err, r.stderr)
	}
	match := twoLines.FindStringSubmatch(r.stdout.String())
	if match == nil {
		t.Fatalf("stdout is %q", r.stdout)
	}
	r.url, r.key = match[1], match[2]
	return r
}

func startProcess(t *testing.T, args ...string) (*running, *os.Process) {
	t.Helper()
	cmd := command(t, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	r := &running{stdout: newOutput(), stderr: newOutput(), ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = r.stdout, r.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- cmd.Wait() }()
	return r.wait(t), cmd.Process
}

func startHere(t *testing.T, args ...string) (*running, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{stdout: newOutput(), stderr: newOutput(), ended: make(chan error, 1)}
	go func() { r.ended <- run(ctx, args, r.stdout, r.stderr) }()
	return r.wait(t), cancel
}

func (r *running) request(method, path string, body io.Reader) (status int, data []byte, err error) {
	request, err := http.NewRequest(method, r.url+path, body)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	data, err = io.ReadAll(response.Body)
	return response.StatusCode, data, err
}

func TestTwoLinesAndGracefulStop(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signal to ask a process to stop")
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		r, process := startProcess(t)
		if status, body, err := r.request("GET", "/v2/projects", nil); status != http.StatusOK {
			t.Errorf("answered %d %s, %v", status, body, err)
		}
		if err := process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := <-r.ended; err != nil {
			t.Errorf("%v: it ended with %v\n%s", signal, err, r.stderr)
		}
		if !twoLines.MatchString(r.stdout.String()) {
			t.Errorf("stdout is %q", r.stdout)
		}
		if strings.Contains(r.stderr.String(), r.key) {
			t.Errorf("the management key is on stderr:\n%s", r.stderr)
		}
	}
}

// The request is in flight when the emulator is told to stop, since its body is not
// complete before.
func TestStopFinishesRequestsInFlight(t *testing.T) {
	t.Parallel()
	r, stop := startHere(t, "-listen", "127.0.0.1:0")
	body, rest := io.Pipe()
	type result struct {
		status int
		err    error
	}
	answered := make(chan result)
	go func() {
		status, _, err := r.request("POST", "/v2/projects", body)
		answered <- result{status, err}
	}()
	io.WriteString(rest, `{"name":`)
	for record := (emulator.Requests{}); record.Total == 0; { // until it has arrived
		_, data, err := r.request("GET", "/_emulator/requests", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &record); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	for { // until it takes no new connections
		connection, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			break
		}
		connection.Close()
	}
	io.WriteString(rest, `"Orders"}`)
	rest.Close()
	if got := <-answered; got.status != http.StatusCreated {
		t.Errorf("answered %d, %v", got.status, got.err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	foreign := t.TempDir() + "/foreign"
	if err := os.WriteFile(foreign, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"every interface", []string{"-listen", ":4319"}, "listen on 127.0.0.1:4319 instead, or add -allow-remote"},
		{"every IPv4 interface", []string{"-listen", "0.0.0.0:0"}, "-allow-remote"},
		{"every IPv6 interface", []string{"-listen", "[::]:0"}, "-allow-remote"},
		{"another address", []string{"-listen", "192.0.2.1:0"}, "-allow-remote"},
		{"no port", []string{"-listen", "127.0.0.1"}, "must be host:port"},
		{"address in use", []string{"-listen", taken.Addr().String()}, "in use already"},
		{"no such port", []string{"-listen", "127.0.0.1:99999"}, "invalid port"},
		{"unknown flag", []string{"-port", "1"}, "-port"},
		{"unknown variant", []string{"-listen", "127.0.0.1:0", "-variant", "other"}, `"other" is unknown; it must be contract or seen`},
		{"argument", []string{"serve"}, `unexpected argument "serve"`},
		{"short management key", []string{"-listen", "127.0.0.1:0", "-management-key", "short"}, "at least 8 characters"},
		{"management key with a space", []string{"-listen", "127.0.0.1:0", "-management-key", "with a space"}, "white space"},
		{"no seed", []string{"-seed", foreign + "-none"}, "-seed " + foreign + "-none: no such file"},
		{"seed that is none", []string{"-seed", foreign}, foreign + ":1: the field does not take this kind of value (str)"},
		{"file in no folder", []string{"-listen", "127.0.0.1:0", "-env-file", foreign + "-none/env"}, "-env-file " + foreign + "-none/env: no such file"},
		{"foreign data file", []string{"-listen", "127.0.0.1:0", "-data", foreign}, foreign},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // if it serves after all
			defer cancel()
			err := run(ctx, test.args, &stdout, &stderr)
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line that says %q", err, test.says)
			}
			if stdout.Len() > 0 || stderr.Len() > 0 {
				t.Errorf("stdout is %q, stderr %q", stdout.String(), stderr.String())
			}
		})
	}
}

func TestFailureOfTheProcess(t *testing.T) {
	t.Parallel()
	output, err := command(t, "-listen", "0.0.0.0:0").Output()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 1 {
		t.Fatalf("it ended with %v, want exit code 1", err)
	}
	if said := string(exit.Stderr); len(output) > 0 || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "traceloop-emulator: ") {
		t.Errorf("it printed %q and said %q, want one line on standard error", output, said)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if err := run(t.Context(), []string{"-version"}, &stdout, &stderr); err != nil || stdout.String() != version+"\n" || stderr.Len() > 0 {
		t.Errorf("it prints %q and %q: %v", stdout.String(), stderr.String(), err)
	}
	stdout.Reset()
	if err := run(t.Context(), []string{"-help"}, &stdout, &stderr); err != nil || stdout.Len() > 0 {
		t.Errorf("%v, %q", err, stdout.String())
	}
	for _, flag := range []string{"-listen", "-data", "-management-key", "-allow-remote", "-variant", "-no-page", "-seed", "-env-file", "-version"} {
		if !strings.Contains(stderr.String(), flag) {
			t.Errorf("%s is not explained:\n%s", flag, stderr.String())
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	seed := filepath.Join(t.TempDir(), "organization.yaml")
	if err := os.WriteFile(seed, []byte("projects:\n  - name: Orders\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args         []string
		key, project string // "" for any
		page         int
	}{
		{[]string{"-listen", "localhost:0"}, "", "Default project", http.StatusOK},
		{[]string{"-listen", "127.0.0.1:0", "-management-key", "a-key-of-my-own"}, "a-key-of-my-own", "", http.StatusOK},
		{[]string{"-listen", "127.0.0.1:0", "-seed", seed}, "", "Orders", http.StatusOK},
		{[]string{"-listen", "127.0.0.1:0", "-no-page"}, "", "", http.StatusNotFound},
		{[]string{"-listen", "0.0.0.0:0", "-allow-remote"}, "", "", http.StatusNotFound},
	} {
		r, stop := startHere(t, test.args...)
		if status, body, err := r.request("GET", "/v2/projects", nil); status != http.StatusOK || !strings.Contains(string(body), `"total_results":1`) || !strings.Contains(string(body), test.project) {
			t.Errorf("%q: answered %d %s, %v", test.args, status, body, err)
		}
		if test.key != "" && r.key != test.key {
			t.Errorf("%q: not the management key that was asked for", test.args)
		}
		if status, _, err := r.request("GET", "/", nil); status != test.page {
			t.Errorf("%q: the page was answered %d, %v", test.args, status, err)
		}
		if says := strings.Contains(r.stderr.String(), "page="); says != (test.page == http.StatusOK) {
			t.Errorf("%q: the log says %s", test.args, r.stderr)
		}
		stop()
		if err := <-r.ended; err != nil {
			t.Errorf("%q: it ended with %v", test.args, err)
		}
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80", "[::1]:80": "http://[::1]:80", "0.0.0.0:80": "http://127.0.0.1:80",
		"[::]:80": "http://127.0.0.1:80", "192.0.2.1:80": "http://192.0.2.1:80",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := baseURL(tcp); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"tl_abcDEF123":         "tl_abcDEF123",
		"it's":                 `'it'\''s'`,
		"$(touch x);`ls`&\\\"": "'$(touch x);`ls`&\\\"'",
		"~user*":               "'~user*'",
	} {
		quoted := shellQuote(value)
		if quoted != want {
			t.Errorf("%q is quoted as %s, want %s", value, quoted, want)
		}
		shell, err := exec.LookPath("sh")
		if err != nil {
			continue
		}
		output, err := exec.Command(shell, "-c", "export V="+quoted+`; printf %s "$V"`).Output()
		if err != nil || string(output) != value {
			t.Errorf("the shell reads %s as %q, %v", quoted, output, err)
		}
	}
}
