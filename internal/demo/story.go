package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// story is the state of the demo.
type story struct {
	out    *narrator
	cli    *cli
	server *emulator
	keep   bool // do not destroy at the end

	acceptedBefore, acceptedAfter int
	revoked                       cutOff
	nextCreated, nextAccepted     time.Time
}

var (
	success         = []int{0}
	emptyOrNotEmpty = []int{0, 2} // of plan -detailed-exitcode
)

func (s *story) tell(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{s.initialize, s.plan, s.apply} {
		err := chapter(ctx)
		if err != nil {
			return err
		}
	}

	outputs, err := s.cli.outputs(ctx)
	if err != nil {
		return err
	}
	old, err := newApplication(ctx, s.server.URL, outputs["api_key"])
	if err != nil {
		return err
	}
	defer old.close(ctx)
	err = s.sendFirst(ctx, old, outputs)
	if err != nil {
		return err
	}
	err = s.planAgain(ctx)
	if err != nil {
		return err
	}
	next, err := s.rotate(ctx, old, outputs["api_key"])
	if err != nil {
		return err
	}
	defer next.close(ctx)
	err = s.useBoth(ctx, old, next)
	if err != nil {
		return err
	}
	if s.keep {
		return nil
	}
	err = s.destroy(ctx, next)
	if err != nil {
		return err
	}
	return s.checkEmpty(ctx)
}

func (s *story) initialize(ctx context.Context) error {
	s.out.step("Install the provider from a local mirror")
	_, err := s.cli.run(ctx, success, "init")
	return err
}

func (s *story) plan(ctx context.Context) error {
	s.out.step("Plan a project, an environment and its API key")
	code, err := s.cli.run(ctx, emptyOrNotEmpty, "plan", "-detailed-exitcode", "-out=orders.tfplan")
	if err == nil && code == 0 {
		return errors.New("the first plan has nothing to do")
	}
	return err
}

func (s *story) apply(ctx context.Context) error {
	s.out.step("Apply that plan")
	_, err := s.cli.run(ctx, success, "apply", "orders.tfplan")
	if err != nil {
		return err
	}
	return s.showChanges(ctx)
}

func (s *story) sendFirst(ctx context.Context, app *application, outputs map[string]string) error {
	s.out.step("Send a span with the new key, as the application would")
	s.out.say("The key: %s (the API shows it once; this program reads it from the state)", outputs["masked_key"])
	accepted, err := app.send(ctx)
	if err != nil {
		return err
	}
	if !accepted {
		return errors.New("the new key was refused")
	}
	s.acceptedBefore++
	traces, err := s.server.traces(ctx)
	if err != nil {
		return err
	}
	if len(traces.Accepted) != 1 || traces.Accepted[0].ProjectID != outputs["project_id"] || traces.Accepted[0].Environment != outputs["environment"] {
		return fmt.Errorf("the span did not arrive in the project and environment of its key: %+v", traces.Accepted)
	}
	s.out.say("Accepted. It arrived in project %q, environment %q.", traces.Accepted[0].Project, traces.Accepted[0].Environment)
	return nil
}

func (s *story) planAgain(ctx context.Context) error {
	s.out.step("Plan again: nothing to do")
	code, err := s.cli.run(ctx, emptyOrNotEmpty, "plan", "-detailed-exitcode")
	if err == nil && code != 0 {
		return errors.New("the plan after the apply is not empty")
	}
	return err
}

// rotate returns the application with the next key, when the apply has ended and the key is read from
// the outputs. Until then, the application with the old key keeps sending.
func (s *story) rotate(ctx context.Context, old *application, oldKey string) (*application, error) {
	s.out.step("Rotate the key while the application keeps sending")
	stop := old.keepSending(ctx)
	defer stop()
	// In a file, so that the next plan knows the value too.
	const line = `rotation = "2"`
	s.out.say("$ echo '%s' > terraform.tfvars", line)
	err := os.WriteFile(filepath.Join(s.cli.dir, "terraform.tfvars"), []byte(line+"\n"), 0o600)
	if err != nil {
		return nil, err
	}
	_, err = s.cli.run(ctx, success, "apply", "-auto-approve")
	if err != nil {
		return nil, err
	}
	outputs, err := s.cli.outputs(ctx)
	if err != nil {
		return nil, err
	}
	if outputs["api_key"] == oldKey {
		return nil, errors.New("the rotation did not change the key")
	}
	next, err := newApplication(ctx, s.server.URL, outputs["api_key"])
	if err != nil {
		return nil, err
	}
	accepted, err := next.send(ctx)
	s.nextAccepted = time.Now()
	s.revoked = stop()
	switch {
	case err != nil:
	case !accepted:
		err = errors.New("the new key was refused")
	case s.revoked.err != nil:
		err = s.revoked.err
	case s.revoked.refused == 0:
		err = errors.New("the old key is still accepted after the rotation")
	default:
		err = s.showChanges(ctx)
	}
	if err != nil {
		next.close(ctx)
		return nil, err
	}
	s.acceptedBefore += s.revoked.accepted
	s.acceptedAfter++
	return next, nil
}

func (s *story) useBoth(ctx context.Context, old, next *application) error {
	s.out.step("Use the old key and the new one once more")
	accepted, err := next.send(ctx)
	if err != nil {
		return err
	}
	if !accepted {
		return errors.New("the new key was refused")
	}
	s.acceptedAfter++
	err = s.checkRotated(ctx, old)
	if err != nil {
		return err
	}
	s.out.say("Old key: refused (HTTP 401). New key: accepted.")
	return nil
}

func (s *story) checkRotated(ctx context.Context, old *application) error {
	accepted, err := old.send(ctx)
	if err != nil {
		return err
	}
	if accepted {
		return errors.New("the old key was accepted again")
	}
	keys, err := s.server.list(ctx, "/v2/api-keys")
	if err != nil {
		return err
	}
	if len(keys) != 1 {
		return fmt.Errorf("%d keys after the rotation, want 1", len(keys))
	}
	s.nextCreated = keys[0].CreatedAt

	traces, err := s.server.traces(ctx)
	if err != nil {
		return err
	}
	if len(traces.Accepted) != 1 || traces.Accepted[0].Spans != s.acceptedBefore+s.acceptedAfter {
		return fmt.Errorf("the server does not have the %d spans that it accepted: %+v", s.acceptedBefore+s.acceptedAfter, traces.Accepted)
	}
	return nil
}

func (s *story) destroy(ctx context.Context, app *application) error {
	s.out.step("Destroy")
	_, err := s.cli.run(ctx, success, "destroy", "-auto-approve")
	if err != nil {
		return err
	}
	err = s.showChanges(ctx)
	if err != nil {
		return err
	}
	accepted, err := app.send(ctx)
	if err == nil && accepted {
		err = errors.New("the key is still accepted after destroy")
	}
	return err
}

func (s *story) checkEmpty(ctx context.Context) error {
	s.out.step("Ask the API what is left")
	projects, err := s.server.list(ctx, "/v2/projects")
	if err != nil {
		return err
	}
	environments, err := s.server.list(ctx, "/v2/environments")
	if err != nil {
		return err
	}
	keys, err := s.server.list(ctx, "/v2/api-keys")
	if err != nil {
		return err
	}
	custom := 0
	for _, e := range environments {
		if !e.BuiltIn {
			custom++
		}
	}
	if len(projects) != 1 || projects[0].Name != "Default project" || custom != 0 || len(keys) != 0 {
		return fmt.Errorf("something is left: %d projects, %d environments that are not built in, %d keys", len(projects), custom, len(keys))
	}
	s.out.say("Only %q is left, as in every new organization.", projects[0].Name)
	return nil
}

// showChanges prints the requests of the previous step that changed something.
func (s *story) showChanges(ctx context.Context) error {
	changes, err := s.server.changes(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		s.out.say("  API: %s %s -> %d", c.Method, c.Path, c.Status)
	}
	return nil
}

func (s *story) summarize(total time.Duration) {
	seconds := func(from, to time.Time) string { return fmt.Sprintf("%.3f s", to.Sub(from).Seconds()) }
	s.out.heading("Summary (%.1f s in all)", total.Seconds())
	s.out.say("%d spans accepted before the rotation, %d after it with the next key; the old key refused.", s.acceptedBefore, s.acceptedAfter)
	s.out.say("%d spans refused between the revocation and the first span with the next key.", s.revoked.refused)
	s.out.say("No key worked for %s: from the last span that was accepted with the old key", seconds(s.revoked.lastAccepted, s.nextCreated))
	s.out.say("until the API generated the next key.")
	s.out.say("The application saw a gap of %s: from the first refusal until a span with the next key", seconds(s.revoked.firstRefused, s.nextAccepted))
	s.out.say("was accepted. That includes the end of `apply` and reading the key from the outputs.")
	s.out.say("Measured on loopback, sending a span about every %s.", pause)
}
