package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// checkCommand is the check in a process of its own, with these variables and no others of Traceloop's.
func checkCommand(t *testing.T, variables []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, append([]string{"check"}, args...)...)
	cmd.Env = variables
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TRACELOOP_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, runMain+"=1")
	return cmd
}

func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return 0
}

func TestCheck(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithAnyRequest())
	var collected atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { collected.Add(1) }))
	defer collector.Close()
	url, key := "TRACELOOP_MANAGEMENT_BASE_URL="+server.URL, "TRACELOOP_MANAGEMENT_API_KEY="+server.ManagementKey
	sdk := "TRACELOOP_BASE_URL=" + collector.URL

	for name, test := range map[string]struct {
		variables []string
		args      []string
		exit      int
		says      string
	}{
		"reads":          {[]string{url, key, sdk}, nil, 0, "holds        GET /v2/projects: answers a list"},
		"no key":         {[]string{url, sdk, "TRACELOOP_API_KEY=tl_x"}, nil, 1, "TRACELOOP_API_KEY, the key of the SDK, is not read"},
		"empty key":      {[]string{url, sdk, "TRACELOOP_MANAGEMENT_API_KEY="}, nil, 1, "cannot be used: it is empty"},
		"empty URL":      {[]string{key, sdk, "TRACELOOP_MANAGEMENT_BASE_URL="}, nil, 1, "cannot be used: it is empty"},
		"plain http":     {[]string{key, sdk, "TRACELOOP_MANAGEMENT_BASE_URL=http://192.0.2.1"}, nil, 1, "plain http is allowed only to loopback"},
		"unknown flag":   {[]string{url, key}, []string{"-wirte"}, 2, "-help lists the flags"},
		"argument":       {[]string{url, key}, []string{"now"}, 2, `unexpected argument "now"`},
		"yes to nothing": {[]string{url, key}, []string{"-yes"}, 2, "-yes needs -write"},
		"not confirmed":  {[]string{url, key}, []string{"-write"}, 1, "not confirmed: nothing was sent"},
		"no such folder": {[]string{url, key}, []string{"-report", "no/such/folder/r.md"}, 1, "the report cannot be written"},
		"nobody there":   {[]string{key, "TRACELOOP_MANAGEMENT_BASE_URL=http://127.0.0.1:1"}, []string{"-write", "-yes"}, 1, "connection refused\n\n1 no answer\n"},
		"help":           {nil, []string{"-help"}, 0, "6  something that the check created could not be removed"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := checkCommand(t, test.variables, test.args...).CombinedOutput()
			if exitCode(err) != test.exit || !strings.Contains(string(out), test.says) {
				t.Errorf("it ends with %v, want %d and %q:\n%s", err, test.exit, test.says, out)
			}
			if strings.Contains(string(out), server.ManagementKey) {
				t.Errorf("it shows the management key:\n%s", out)
			}
		})
	}
	if collected.Load() != 0 {
		t.Errorf("%d requests went to the SDK's base URL", collected.Load())
	}
	for _, request := range server.Requests() {
		if request.Method != http.MethodGet {
			t.Errorf("it wrote without being told to: %v", request)
		}
	}
}

// A typed confirmation is enough, and Ctrl-C removes what is there.
func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signal to interrupt a process with")
	}
	server := emulatortest.Start(t, emulatortest.WithAnyRequest())
	var cmd *exec.Cmd
	var once, next sync.Once
	created := false
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if created && r.Method == http.MethodGet {
			next.Do(func() { // until the interrupt has arrived, if it is late
				select {
				case <-r.Context().Done():
				case <-time.After(time.Second):
				}
			})
		}
		server.Emulator.ServeHTTP(w, r)
		if r.Method == http.MethodPost && r.URL.Path == "/v2/environments" {
			once.Do(func() {
				created = len(server.Projects()) == 2
				cmd.Process.Signal(os.Interrupt)
			})
		}
	}))
	defer front.Close()
	var out bytes.Buffer
	cmd = checkCommand(t, []string{"TRACELOOP_MANAGEMENT_BASE_URL=" + front.URL, "TRACELOOP_MANAGEMENT_API_KEY=" + server.ManagementKey}, "-write")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("write\n"), &out, &out
	if err := cmd.Run(); exitCode(err) != 1 || !strings.Contains(out.String(), "Removing what the check created") {
		t.Errorf("it ends with %v:\n%s", err, &out)
	}
	if left := server.Projects(); !created || len(left) != 1 {
		t.Errorf("a project was created: %t; now there are %v", created, left)
	}
}
