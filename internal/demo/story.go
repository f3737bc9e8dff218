package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// story is one life of a key.
type story struct {
	api *emulator.Emulator
	url string
	cli cli

	before   *emulator.Seed // the organization, as it was
	key      string         // the one in force
	accepted int            // spans
	rotation rotation
}

func (s *story) tell(ctx context.Context) (err error) {
	if s.before, err = s.api.Export(); err != nil {
		return err
	}
	step("Install the provider from a local mirror")
	if _, err := s.cli.run(ctx, "init"); err != nil {
		return err
	}
	step("Plan a project, an environment and its API key")
	if err := s.plan(ctx, 2, "-out=orders.tfplan"); err != nil {
		return err
	}
	step("Apply that plan")
	if err := s.apply(ctx, "orders.tfplan"); err != nil {
		return err
	}
	step("Send a span with the new key, as the application would")
	if err := s.sendFirst(ctx); err != nil {
		return err
	}
	step("Plan again: nothing to do")
	if err := s.plan(ctx, 0); err != nil {
		return err
	}
	step("Rotate the key while the application keeps sending")
	return s.rotate(ctx)
}

// plan wants an exit code: 2 where there is something to do, 0 where there is not.
func (s *story) plan(ctx context.Context, want int, args ...string) error {
	code, err := s.cli.run(ctx, append([]string{"plan", "-detailed-exitcode"}, args...)...)
	if err == nil && code != want {
		err = fmt.Errorf("the plan ends with %d, want %d", code, want)
	}
	return err
}

// apply applies, shows the requests that changed something, and reads the key.
func (s *story) apply(ctx context.Context, args ...string) error {
	s.api.ResetRequests()
	if _, err := s.cli.run(ctx, append([]string{"apply"}, args...)...); err != nil {
		return err
	}
	for _, r := range s.api.Requests().Requests {
		if r.Method != http.MethodGet && strings.HasPrefix(r.Path, "/v2/") {
			say("  API: %s %s -> %d", r.Method, r.Path, r.Status)
		}
	}
	if slices.Contains(args, "-destroy") {
		return nil
	}
	_, key, err := s.cli.exec(ctx, "output", "-json", "api_key")
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(key), &s.key)
}

func (s *story) sendFirst(ctx context.Context) error {
	say("The key: %s (the API shows it once; this program reads it from the state)", s.key)
	if err := s.mustSend(ctx); err != nil {
		return err
	}
	traces, err := s.api.Traces()
	if err != nil {
		return err
	}
	if len(traces.Accepted) != 1 {
		return fmt.Errorf("the span did not arrive in one project: %+v", traces.Accepted)
	}
	say("Accepted. It arrived in project %q, environment %q.", traces.Accepted[0].Project, traces.Accepted[0].Environment)
	return nil
}

// rotation is what an application with the old key sees, and when the next key works.
type rotation struct {
	accepted, refused          int
	lastAccepted, nextAccepted time.Time
	err                        error
}

func (s *story) rotate(ctx context.Context) error {
	old := s.key
	sending, stop := context.WithCancel(ctx)
	done := make(chan rotation, 1)
	go func() { done <- s.keepSending(sending, old) }()
	// In a file, so that the next plan knows the value too.
	const line = `rotation = "2"`
	say("$ echo '%s' > terraform.tfvars", line)
	err := os.WriteFile(filepath.Join(s.cli.dir, "terraform.tfvars"), []byte(line+"\n"), 0o600)
	if err == nil {
		err = s.apply(ctx, "-auto-approve")
	}
	if err == nil {
		err = s.mustSend(ctx)
	}
	next := time.Now()
	stop()
	s.rotation = <-done
	s.rotation.nextAccepted = next
	s.accepted += s.rotation.accepted
	if err := errors.Join(err, s.rotation.err); err != nil {
		return err
	}
	accepted, err := s.send(ctx, old)
	switch {
	case err != nil:
		return err
	case s.key == old:
		return errors.New("the rotation did not change the key")
	case accepted || s.rotation.refused == 0:
		return errors.New("the old key is still accepted after the rotation")
	}
	say("Old key: refused (HTTP 401). New key: accepted.")
	traces, err := s.api.Traces()
	if err == nil && (len(traces.Accepted) != 1 || traces.Accepted[0].Spans != s.accepted) {
		err = fmt.Errorf("the server does not have the %d spans that it accepted: %+v", s.accepted, traces.Accepted)
	}
	return err
}

const pause = 2 * time.Millisecond

func (s *story) keepSending(ctx context.Context, key string) (r rotation) {
	for ctx.Err() == nil {
		sent := time.Now()
		accepted, err := s.send(context.WithoutCancel(ctx), key)
		switch {
		case err != nil:
			r.err = err
			return r
		case accepted:
			r.accepted, r.lastAccepted = r.accepted+1, sent
		default:
			r.refused++
		}
		time.Sleep(pause)
	}
	return r
}

func (s *story) destroy(ctx context.Context) error {
	step("Destroy")
	if err := s.apply(ctx, "-destroy", "-auto-approve"); err != nil {
		return err
	}
	if accepted, err := s.send(ctx, s.key); err != nil || accepted {
		return errors.Join(err, fmt.Errorf("after destroy, the key is accepted: %t", accepted))
	}
	left, err := s.api.Export()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(left, s.before) {
		return fmt.Errorf("something is left: %+v", left)
	}
	say("Only %q is left, as in every new organization.", left.Projects[0].Name)
	return nil
}

func (s *story) summarize(total time.Duration) {
	seconds := func(from, to time.Time) string { return fmt.Sprintf("%.3f s", to.Sub(from).Seconds()) }
	r := s.rotation
	step(fmt.Sprintf("Summary (%.1f s in all)", total.Seconds()))
	say("%d spans were accepted. %d spans were refused during the rotation.", s.accepted, r.refused)
	say("The application saw a gap of %s: from the last span that was accepted with the old key", seconds(r.lastAccepted, r.nextAccepted))
	say("until a span with the next key was accepted. That includes the end of `apply` and reading the key from the outputs.")
	say("Measured on loopback, sending a span about every %s.", pause)
}

func (s *story) mustSend(ctx context.Context) error {
	accepted, err := s.send(ctx, s.key)
	if err == nil && !accepted {
		err = errors.New("the new key was refused")
	}
	if err == nil {
		s.accepted++
	}
	return err
}

// send sends one span with a key, in OTLP's JSON. Any answer except "accepted" and "refused" is an error.
func (s *story) send(ctx context.Context, key string) (accepted bool, err error) {
	const span = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat"}]}]}]}`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/traces", bytes.NewReader([]byte(span)))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
		return false, fmt.Errorf("sending a span: %s", response.Status)
	}
	return response.StatusCode == http.StatusOK, nil
}

// cli is Terraform or OpenTofu in the folder of one configuration.
type cli struct {
	path string
	dir  string
	env  []string
}

// run runs a command and shows the telling lines of its output.
func (c *cli) run(ctx context.Context, args ...string) (code int, err error) {
	say("$ %s %s", filepath.Base(c.path), strings.Join(args, " "))
	// Flags come before a plan's file.
	code, output, err := c.exec(ctx, slices.Insert(slices.Clone(args), 1, "-no-color")...)
	if err != nil {
		return code, err
	}
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); telling.MatchString(line) {
			say("  %s", line)
		}
	}
	return code, nil
}

// exec returns the exit code, which for a plan may be 2, and the standard output. An error contains the whole output.
func (c *cli) exec(ctx context.Context, args ...string) (code int, output string, err error) {
	cmd := devtool.Command(ctx, c.path, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	output, err = devtool.Output(cmd)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil && exit.ExitCode() == 2 {
		return 2, output, nil
	}
	return 0, output, err
}
