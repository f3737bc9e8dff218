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
	"net/url"
	"os"
	"slices"
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
	Now     func() time.Time

	wait func(context.Context, time.Duration) error // for tests; nil for the real clock
	seen func(line)                                 // for tests; may be nil
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
	checker, at, err := c.checker()
	if err != nil {
		return c.fail(exitFailed, err)
	}
	if o.write && checker.management == nil {
		return c.fail(exitFailed, errors.New("-write needs a management key, in TRACELOOP_MANAGEMENT_API_KEY. Nothing was sent"))
	}
	fmt.Fprintf(c.Stdout, "Checking %s\n", at.BaseURL())
	switch {
	case checker.management == nil:
		fmt.Fprintln(c.Stdout, "TRACELOOP_MANAGEMENT_API_KEY is not set. Projects, environments and API keys are not checked.")
	case checker.project == nil:
		fmt.Fprintln(c.Stdout, "TRACELOOP_PROJECT_API_KEY is not set. Auto monitor setups are checked only with -write, and evaluators are not.")
	}
	if o.write {
		fmt.Fprintln(c.Stdout, "The check will create a project with environments, keys and auto monitor setups, and delete it again. It changes nothing else.")
		if !o.yes && !c.confirmed(ctx) {
			return c.fail(exitFailed, errors.New("not confirmed: nothing was sent"))
		}
	}
	if o.report != "" { // fail before any request
		file, err := os.OpenFile(o.report, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return c.fail(exitFailed, fmt.Errorf("the report cannot be written: %w", err))
		}
		file.Close()
	}

	c.check(ctx, checker, o.write)
	fmt.Fprintf(c.Stdout, "\n%s\n%s\n", count(checker.lines), unchecked)
	if o.report != "" {
		mode := "reads only"
		if o.write {
			mode = "with -write"
		}
		heading := fmt.Sprintf("traceloop-emulator check %s, %s, %s, %s", c.Version, c.Now().UTC().Format(time.DateOnly), address(at), mode)
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
	status := exitStatus(checker.lines, err != nil, len(checker.left) > 0)
	c.printLeft(at, checker)
	return status
}

// checker makes a checker for the keys that the environment has. at is where it sends its requests.
func (c Command) checker() (made *checker, at service, err error) {
	config := traceloop.Config{BaseURL: traceloop.DefaultBaseURL, UserAgent: "traceloop-emulator/" + c.Version + " " + Name}
	if url, set := c.Env("TRACELOOP_MANAGEMENT_BASE_URL"); set {
		config.BaseURL = url
	}
	if file, set := c.Env("TRACELOOP_CA_CERT_FILE"); set {
		if config.RootCAs, err = traceloop.ReadRootCAs(file); err != nil {
			return nil, nil, fmt.Errorf("TRACELOOP_CA_CERT_FILE cannot be used: %w", err)
		}
	}
	if made, err = newChecker(); err != nil {
		return nil, nil, err
	}
	made.show, made.wait = c.print, c.wait
	if made.wait == nil {
		made.wait = sleep
	}
	connect := func(name string, to func() (service, error)) (made service, err error) {
		if key, set := c.Env(name); set {
			config.Key = key
			if made, err = to(); err != nil {
				return nil, fmt.Errorf("%s or TRACELOOP_MANAGEMENT_BASE_URL: %w", name, err)
			}
			at = made
		}
		return made, nil
	}
	made.project, err = connect("TRACELOOP_PROJECT_API_KEY", func() (service, error) { return traceloop.NewProjectClient(config) })
	if err == nil {
		made.management, err = connect("TRACELOOP_MANAGEMENT_API_KEY", func() (service, error) { return traceloop.New(config) })
	}
	if err == nil && at == nil {
		err = errors.New("set TRACELOOP_MANAGEMENT_API_KEY, TRACELOOP_PROJECT_API_KEY or both. TRACELOOP_API_KEY, the key of the SDK, is not read")
	}
	return made, at, err
}

func (c Command) check(ctx context.Context, checker *checker, write bool) {
	if !checker.checkReads(ctx) {
		return
	}
	if projects := checker.lists["listProjects"]; write && (projects == nil || !projects.good()) {
		fmt.Fprintln(c.Stdout, "Nothing was created: the list of projects could not be read, so a lost project could not be found.")
	} else if write && ctx.Err() == nil {
		fmt.Fprintf(c.Stdout, "Creating the project %q\n", checker.name)
		checker.scenario(ctx)
		if ctx.Err() != nil {
			fmt.Fprintln(c.Stdout, "Interrupted. Removing what the check created; please wait.")
		}
		checker.remove(ctx, checker.remainingProjects)
	}
	checker.checkNames()
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
		text, err := bufio.NewReader(c.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			text = ""
		}
		typed <- strings.TrimSpace(text)
	}()
	select {
	case text := <-typed:
		return text == "write"
	case <-ctx.Done():
		return false
	}
}

func (c Command) print(l line) {
	if c.seen != nil {
		c.seen(l)
	}
	fmt.Fprint(c.Stdout, l, detail("reason", l.private))
}

// printLeft prints what could not be removed, and how to remove it.
func (c Command) printLeft(at service, checker *checker) {
	if len(checker.left) == 0 {
		return
	}
	fmt.Fprintf(c.Stdout, "\nCould not be removed. Delete the project %q in Traceloop's dashboard, or:\n", checker.name)
	for _, l := range checker.left {
		o := checker.byName[l.delete]
		what, key, curl := l.kind, "TRACELOOP_MANAGEMENT_API_KEY", "curl -X DELETE"
		path := o.collection() + "/" + url.PathEscape(l.id)
		switch {
		case l.id == "":
			what, curl, path = "look for the project in the answer to", "curl", o.collection()
		case l.key != "":
			what, key = l.kind+", unless it went with its project; with an API key of that project", "TRACELOOP_PROJECT_API_KEY"
		}
		fmt.Fprintf(c.Stdout, "  %s:\n    echo \"Authorization: Bearer $%s\" | %s -H @- %s%s\n", what, key, curl, at.BaseURL(), path)
	}
}

// exitStatus returns the exit status of the whole check.
func exitStatus(lines []line, failed, left bool) int {
	has := func(o outcome) bool { return slices.ContainsFunc(lines, func(l line) bool { return l.outcome == o }) }
	switch {
	case left:
		return exitLeft
	case failed || has(noAnswer):
		return exitFailed
	case has(differs):
		return exitDiffers
	case has(notThere):
		return exitNotThere
	case has(notAllowed):
		return exitNotAllowed
	}
	return exitHolds
}

// address describes the service's address without a host name, which may be private.
func address(at service) string {
	switch {
	case at.BaseURL() == traceloop.DefaultBaseURL:
		return traceloop.DefaultBaseURL
	case at.IsLoopback():
		return "an address on this machine"
	default:
		return "another address than " + traceloop.DefaultBaseURL
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
