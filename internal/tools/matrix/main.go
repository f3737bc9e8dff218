// Matrix runs the tests that depend on the CLI under each CLI that it is given, and prints one
// table: what passed, what failed, and what was skipped for which reason. It fails where a test
// fails, and where one is skipped for anything but a feature that the CLI does not have.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, paths []string) error {
	if len(paths) == 0 {
		return errors.New("no CLI is given: matrix PATH…")
	}
	clis := make([]cli, len(paths)) // A wrong path is found before the first tests run.
	for i, path := range paths {
		var err error
		if clis[i], err = newCLI(ctx, path); err != nil {
			return err
		}
	}
	root, err := devtool.Root(ctx)
	if err != nil {
		return err
	}

	results := make([]*result, len(clis))
	for i, c := range clis {
		fmt.Printf("%s %s, %s\n", c.kind, c.version, c.path)
		began := time.Now()
		if results[i], err = test(ctx, root, c); err != nil {
			return fmt.Errorf("%s: %w", c.path, err)
		}
		results[i].took = time.Since(began)
		fmt.Printf("%s\n", results[i].summary())
	}
	fmt.Printf("\n%s", table(results))
	for _, r := range results {
		if problem := r.problem(); problem != nil {
			return problem
		}
	}
	return nil
}

// cli is Terraform or OpenTofu in some version.
type cli struct {
	path, kind, version string
}

var versionLine = regexp.MustCompile(`^(Terraform|OpenTofu) v(\S+)`)

func newCLI(ctx context.Context, path string) (cli, error) {
	path, err := exec.LookPath(path)
	if err != nil {
		return cli{}, err
	}
	if path, err = filepath.Abs(path); err != nil { // The tests run in another folder.
		return cli{}, err
	}
	command := exec.CommandContext(ctx, path, "version")
	command.Env = devtool.Env("CHECKPOINT_DISABLE=1")
	out, err := command.Output()
	if err != nil {
		return cli{}, fmt.Errorf("%s version: %w", path, err)
	}
	match := versionLine.FindStringSubmatch(string(out))
	if match == nil {
		return cli{}, fmt.Errorf("%s is neither Terraform nor OpenTofu: it says %q", path, out)
	}
	return cli{path, match[1], match[2]}, nil
}

// test runs the tests under one CLI. Failed tests are in the result, and no error.
func test(ctx context.Context, root string, c cli) (*result, error) {
	command := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-parallel=6", "-timeout=20m", "-run", devtool.CLITests, "./internal/provider")
	command.Dir, command.Stderr = root, os.Stderr
	command.Env = devtool.Env("TF_ACC_TERRAFORM_PATH=" + c.path)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // it ends its tests then
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	r, err := read(out, os.Stdout)
	ended := command.Wait()
	if err != nil {
		return nil, err
	}
	r.cli = c
	if ended != nil && len(r.failed) == 0 {
		return nil, fmt.Errorf("go test: %w", ended)
	}
	return r, nil
}
