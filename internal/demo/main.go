// Demo shows the life of an API key with the real CLI and the real provider against the emulator. It
// checks each step and removes everything at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

func main() {
	keep := flag.Bool("keep", false, "stop before destroy, and keep the emulator and its pages until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := newNarrator(os.Stdout)
	err := run(ctx, out, *keep)
	if err != nil {
		if ctx.Err() != nil && !errors.Is(err, errLeft) {
			err = errors.New("interrupted; everything was removed")
		}
		fmt.Fprintln(os.Stderr, "\ndemo:", out.mask(err.Error()))
		os.Exit(1) //nolint:gocritic // The process ends, and stop() with it.
	}
}

var errLeft = errors.New("not everything was removed")

func left(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errLeft, err)
}

// run prepares a temporary folder, a CLI and an emulator for the story, and removes them at the end.
func run(ctx context.Context, out *narrator, keep bool) (err error) {
	start := time.Now()
	root, err := devtool.Root(ctx)
	if err != nil {
		return err
	}
	executable, err := devtool.CLI()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "traceloop-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, left(os.RemoveAll(dir))) }()

	out.step("Build the provider and the emulator")
	out.say("The first build takes some minutes; later builds take seconds.")
	config, err := devtool.BuildMirror(ctx, dir)
	if err != nil {
		return err
	}
	emulatorFile := filepath.Join(dir, devtool.Exe("traceloop-emulator"))
	err = devtool.Build(ctx, emulatorFile, devtool.EmulatorCmd)
	if err != nil {
		return err
	}
	out.say("Done in %.1f s.", time.Since(start).Seconds())

	out.step("Start the emulator, a stand-in for Traceloop's API")
	// It outlives ctx, so that an interrupted CLI can still finish and release what it holds.
	server, err := startEmulator(context.WithoutCancel(ctx), emulatorFile, "-data", filepath.Join(dir, "organization.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, left(server.stop())) }()
	out.secret(server.Key)
	out.say("TRACELOOP_MANAGEMENT_BASE_URL=%s", server.URL)
	out.say("TRACELOOP_MANAGEMENT_API_KEY=%s", server.Key)

	if keep {
		out.say("Its pages are at %s. Open them to watch the next steps.", server.URL)
	}

	work := filepath.Join(dir, "quickstart")
	err = os.CopyFS(work, os.DirFS(filepath.Join(root, "examples", "quickstart")))
	if err != nil {
		return err
	}
	s := &story{
		out:    out,
		server: server,
		keep:   keep,
		cli: &cli{
			path: executable,
			dir:  work,
			out:  out,
			env:  devtool.CLIEnv(config, server.URL, server.Key),
		},
	}
	err = s.tell(ctx)
	if err != nil {
		return err
	}
	s.summarize(time.Since(start))
	if keep {
		return s.stay(ctx, config)
	}
	return nil
}
