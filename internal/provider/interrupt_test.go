//go:build unix

package provider_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// hold stops one request on its way to the emulator, or its answer on the way back, until the
// test lets it go or the client is gone.
type hold struct {
	method, path string
	after        bool // it is carried out, and its answer held
	reached      chan struct{}
	release      chan struct{}
}

// checkpoint is where requests can be held.
type checkpoint struct{ current atomic.Pointer[hold] }

func (p *checkpoint) set(h hold) *hold {
	h.reached, h.release = make(chan struct{}), make(chan struct{})
	p.current.Store(&h)
	return &h
}

func (p *checkpoint) pass(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
	h := p.current.Load()
	if h == nil || r.Method != h.method || !strings.HasPrefix(r.URL.Path, h.path) || !p.current.CompareAndSwap(h, nil) {
		return carryOut()
	}
	var (
		answer *http.Response
		err    error
	)
	if h.after {
		answer, err = carryOut()
	}
	close(h.reached)
	select {
	case <-h.release:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if !h.after {
		answer, err = carryOut()
	}
	return answer, err
}

// process is a run of the CLI that a test interrupts. It leads a process group, as a shell
// would have it do: the provider is in that, too.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	out bytes.Buffer
	log string
}

func (c *cli) start(args ...string) *process {
	c.t.Helper()
	p := &process{t: c.t, log: filepath.Join(c.t.TempDir(), "provider.log")}
	p.cmd = c.unattached().Command(append(args, "-auto-approve", "-input=false", "-no-color")...)
	p.cmd.Env = append(slices.Clone(p.cmd.Env), "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH="+p.log)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// signal signals the CLI alone, as a CI system does, or its whole group, as a terminal does.
func (p *process) signal(signal syscall.Signal, group bool) {
	p.t.Helper()
	pid := p.cmd.Process.Pid
	if group {
		pid = -pid
	}
	if err := syscall.Kill(pid, signal); err != nil {
		p.t.Fatal(err)
	}
}

// logged waits until the provider has logged a line.
func (p *process) logged(phrase string) {
	p.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if log, err := os.ReadFile(p.log); err == nil && bytes.Contains(log, []byte(phrase)) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			p.t.Fatalf("the provider did not log %q", phrase)
		}
	}
}

// wait returns what the process printed, on one line.
func (p *process) wait() (string, error) {
	err := p.cmd.Wait()
	return clitest.OneLine(p.out.String()), err
}

// keysOf returns the keys of the state, which are those of the server and are accepted.
func (c *cli) keysOf(server *emulatortest.Server) (ids []string) {
	c.t.Helper()
	for _, attributes := range c.state()[keyKind] {
		ids = append(ids, fmt.Sprint(attributes["id"]))
		answers(c.t, server, fmt.Sprint(attributes["key"]), 200)
	}
	there := map[string]bool{}
	for _, key := range server.Keys() {
		there[key.ID] = true
	}
	if len(there) != len(ids) || slices.ContainsFunc(ids, func(id string) bool { return !there[id] }) {
		c.t.Errorf("the state has the keys %v, the server %v", ids, server.Keys())
	}
	return ids
}

// One SIGINT: what is on its way is seen through and saved, nothing else is begun, and the
// next apply goes on from there.
func TestInterrupt_graceful(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		group bool // whether the provider gets the signal too
		hold  hold
		first bool // whether an apply has come before, so that this one rotates
		keys  int  // left after the interrupt
	}{
		"CI, key on its way":           {hold: hold{method: "POST", path: "/v2/api-keys"}, keys: 1},
		"CI, key generated":            {hold: hold{method: "POST", path: "/v2/api-keys", after: true}, keys: 1},
		"terminal, key on its way":     {group: true, hold: hold{method: "POST", path: "/v2/api-keys"}, keys: 1},
		"terminal, old key is revoked": {group: true, hold: hold{method: "DELETE", path: "/v2/api-keys"}, first: true, keys: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			var gate checkpoint
			chain := func(trigger string) string {
				return ordersHCL + europeHCL + resourceOf(keyKind, "orders", "project_id = traceloop_project.orders.id", "environment = traceloop_environment.eu.slug", fmt.Sprintf("rotation_triggers = { on = %q }", trigger))
			}
			c := newCLI(t, server)
			c.set("TRACELOOP_MANAGEMENT_BASE_URL", inFront(t, server, gate.pass))
			if test.first {
				c.write(chain("first"))
				c.apply()
			}
			c.write(chain("second") + resourceOf(keyKind, "second", "project_id = traceloop_api_key.orders.project_id", `environment = "dev"`))
			held := gate.set(test.hold)
			apply := c.start("apply", "-parallelism=1")
			<-held.reached
			apply.signal(syscall.SIGINT, test.group)
			if test.group {
				apply.logged("plugin received interrupt signal, ignoring")
			}
			apply.logged("Closed all our contexts")
			close(held.release)
			out, err := apply.wait()
			if err == nil {
				t.Errorf("the interrupted apply succeeded:\n%s", out)
			}
			shows(t, out, "Interrupt received")
			if n := calls(server, "POST", "/v2/api-keys"); n != 1 {
				t.Errorf("%d requests to generate a key, want 1: what is on its way is seen through", n)
			}

			if keys := c.keysOf(server); len(keys) != test.keys {
				t.Errorf("the interrupt leaves %d keys, want %d", len(keys), test.keys)
			}
			shows(t, c.apply(), fmt.Sprintf("%d added, 0 changed, 0 destroyed", 2-test.keys))
			c.keysOf(server)
			c.plan("-detailed-exitcode")
		})
	}
}

// An interrupt ends a pause that the service asked for, and not after the pause.
func TestInterrupt_duringAPause(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	server.SetFaults(emulatortest.Fault{Method: "POST", Path: "/v2/projects", Kind: "status", Status: http.StatusTooManyRequests, RetryAfter: new(55)})
	c := newCLI(t, server)
	c.write(ordersHCL)
	began := time.Now()
	apply := c.start("apply")
	apply.logged("Waiting before the next Traceloop API request")
	apply.signal(syscall.SIGINT, false)
	out, err := apply.wait()
	if took := time.Since(began); err == nil || took > 50*time.Second {
		t.Errorf("%v after %s", err, took)
	}
	shows(t, out, "Unable to Create Project", "The run was interrupted", "Run the command again")
	if projects := server.Projects(); len(projects) != 1 {
		t.Errorf("the server has the projects %v", projects)
	}
	shows(t, c.apply(), "1 added")
}
