// Package check compares a service with the documents in package contract. Most of its rules are derived
// from them; the others are one table, in scenario.go. It is the command "check" of the emulator's binary.
package check

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Name is the name of the command.
const Name = "check"

// The exit statuses. If several apply, this order decides: exitLeft, exitFailed, exitDiffers,
// exitNotThere, exitNotAllowed.
const (
	exitHolds      = 0
	exitFailed     = 1
	exitUsage      = 2
	exitDiffers    = 3
	exitNotAllowed = 4
	exitNotThere   = 5
	exitLeft       = 6
)

const usage = `Usage: traceloop-emulator check [flags]

Compares a service with the contract that this project assumes, and with what Traceloop
publishes. It reads the variables of the provider; one of the two keys is enough:

  TRACELOOP_MANAGEMENT_API_KEY   for projects, environments and API keys
  TRACELOOP_PROJECT_API_KEY      for auto monitor setups and evaluators
  TRACELOOP_MANAGEMENT_BASE_URL, TRACELOOP_CA_CERT_FILE

The check never sends one key instead of the other. Without -write, it sends only GET requests.
With -write, it creates a project of its own, tries everything in it, and deletes it again, also
after an interrupt. It changes nothing that existed before. It creates no organization-level
environment, which every project would get, and no organization or evaluator, which no operation
deletes.

Each line is one rule. It holds; or the service differs in a way that the provider accepts
(tolerated); or it differs; or the operation is not allowed with this key, or not there; or the
data do not show the rule; or there was no answer.

Flags:
`

const exitStatuses = `
Exit status:
  0  every rule that could be checked holds, or its difference is tolerated
  1  the check could not start, or did not finish
  2  the flags are wrong
  3  a rule differs
  4  no rule differs, and an operation is not allowed
  5  no rule differs, and an operation does not exist
  6  something that the check created could not be removed
If several apply, the first of these counts: 6, 1, 3, 5, 4.
`

// Command is the command.
type Command struct {
	Version string
	Env     func(name string) (value string, set bool)
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer

	wait func(context.Context, time.Duration) error // for tests; nil for the real clock
}

type options struct {
	write  bool
	yes    bool
	report string
}

func (c Command) parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet(Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.write, "write", false, "also create a project with environments, keys and auto monitor setups, and delete it again; asks first")
	flags.BoolVar(&o.yes, "yes", false, "with -write: do not ask")
	flags.StringVar(&o.report, "report", "", "write a Markdown report to this `file`, without names, ids and keys of the organization")
	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(c.Stderr, usage)
		flags.SetOutput(c.Stderr)
		flags.PrintDefaults()
		fmt.Fprint(c.Stderr, exitStatuses)
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.yes && !o.write:
		err = errors.New("-yes needs -write")
	}
	return o, err
}

// Run makes the check and returns its exit status. If ctx ends, it stops and removes what it created.
func (c Command) Run(ctx context.Context, args []string) int {
	o, err := c.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitHolds
	case err != nil:
		return c.fail(exitUsage, fmt.Errorf("%w; -help lists the flags", err))
	}
	checker, err := c.prepare(ctx, o)
	if err != nil {
		return c.fail(exitFailed, err)
	}
	c.check(ctx, checker, o.write)
	fmt.Fprintf(c.Stdout, "\n%s\n%s\n", checker.summary(), unchecked)
	if o.report != "" {
		heading := fmt.Sprintf("traceloop-emulator check %s, %s", c.Version, time.Now().UTC().Format(time.DateOnly))
		if err = os.WriteFile(o.report, []byte(checker.report(heading)), 0o600); err != nil {
			err = fmt.Errorf("the report cannot be written: %w", err)
		} else {
			fmt.Fprintf(c.Stdout, "The report is in %s\n", o.report)
		}
	}
	if ctx.Err() != nil {
		err = errors.Join(err, errors.New("interrupted"))
	}
	if err != nil {
		c.fail(exitFailed, err)
	}
	checker.printLeft()
	return checker.exitStatus(err != nil)
}

// prepare does what can fail before the first request.
func (c Command) prepare(ctx context.Context, o options) (made *checker, err error) {
	if made, err = newChecker(); err != nil {
		return nil, err
	}
	made.out, made.wait = c.Stdout, sleep
	if c.wait != nil {
		made.wait = c.wait
	}
	config := traceloop.Config{BaseURL: traceloop.DefaultBaseURL, UserAgent: "traceloop-emulator/" + c.Version + " " + Name}
	if url, set := c.Env("TRACELOOP_MANAGEMENT_BASE_URL"); set {
		config.BaseURL = url
	}
	if file, set := c.Env("TRACELOOP_CA_CERT_FILE"); set {
		if config.RootCAs, err = traceloop.ReadRootCAs(file); err != nil {
			return nil, fmt.Errorf("TRACELOOP_CA_CERT_FILE cannot be used: %w", err)
		}
	}
	for name, client := range map[string]**traceloop.Client{"TRACELOOP_PROJECT_API_KEY": &made.project, "TRACELOOP_MANAGEMENT_API_KEY": &made.management} {
		if key, set := c.Env(name); set {
			config.Key = key
			if *client, err = traceloop.New(config); err != nil {
				return nil, fmt.Errorf("%s or TRACELOOP_MANAGEMENT_BASE_URL: %w", name, err)
			}
			made.baseURL = (*client).BaseURL()
		}
	}
	switch {
	case made.baseURL == "":
		return nil, errors.New("set TRACELOOP_MANAGEMENT_API_KEY, TRACELOOP_PROJECT_API_KEY or both. TRACELOOP_API_KEY, the key of the SDK, is not read")
	case o.write && made.management == nil:
		return nil, errors.New("-write needs a management key, in TRACELOOP_MANAGEMENT_API_KEY. Nothing was sent")
	}
	fmt.Fprintf(c.Stdout, "Checking %s\n", made.baseURL)
	switch {
	case made.management == nil:
		fmt.Fprintln(c.Stdout, "TRACELOOP_MANAGEMENT_API_KEY is not set. Projects, environments and API keys are not checked.")
	case made.project == nil:
		fmt.Fprintln(c.Stdout, "TRACELOOP_PROJECT_API_KEY is not set. Auto monitor setups are checked only with -write, and evaluators are not.")
	}
	if o.write {
		fmt.Fprintln(c.Stdout, "The check will create a project with environments, keys and auto monitor setups, and delete it again. It changes nothing else.")
		if !o.yes && !c.confirmed(ctx) {
			return nil, errors.New("not confirmed: nothing was sent")
		}
	}
	return made, nil
}

func (c Command) check(ctx context.Context, checker *checker, write bool) {
	if !checker.checkReads(ctx) {
		return
	}
	if projects := checker.lists["/v2/projects"]; write && !projects.complete {
		fmt.Fprintln(c.Stdout, "Nothing was created: the list of projects could not be read, so a lost project could not be found.")
	} else if write && ctx.Err() == nil {
		fmt.Fprintf(c.Stdout, "Creating the project %q\n", checker.name)
		checker.scenario(ctx)
		if ctx.Err() != nil {
			fmt.Fprintln(c.Stdout, "Interrupted. Removing what the check created; please wait.")
		}
		checker.remove(ctx, checker.remainingProjects)
	}
	named := verdict{outcome: holds}
	if checker.unnamed {
		named = verdict{outcome: tolerated, came: "an answer without X-Request-Id"}
	}
	checker.add(named, "every operation", "names each answer in X-Request-Id")
}

func (c Command) fail(status int, err error) int {
	fmt.Fprintf(c.Stderr, "%s: %v\n", Name, err)
	return status
}

// confirmed asks for a typed confirmation.
func (c Command) confirmed(ctx context.Context) bool {
	fmt.Fprint(c.Stdout, "Type \"write\" to continue: ")
	typed := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(c.Stdin).ReadString('\n') // an error leaves what was typed before it
		typed <- strings.TrimSpace(text)
	}()
	select {
	case text := <-typed:
		return text == "write"
	case <-ctx.Done():
		return false
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
