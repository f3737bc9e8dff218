// Demo shows the life of an API key with the real CLI and the real provider against the emulator. It
// checks each step and removes everything at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

func main() {
	keep := flag.Bool("keep", false, "stop before destroy, and keep the emulator and its pages until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *keep)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", err)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", mask(err.Error()))
		os.Exit(1)
	}
}

// run prepares a temporary folder, a CLI and an emulator for the story, and removes them at the end.
func run(ctx context.Context, keep bool) (err error) {
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
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	step("Start the emulator, a stand-in for Traceloop's API")
	// It does not end with ctx, so that an interrupted CLI can still finish and release what it holds.
	api, err := emulator.New(emulator.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.Close()) }()
	server := httptest.NewServer(api)
	defer server.Close()
	say("TRACELOOP_MANAGEMENT_BASE_URL=%s", server.URL)
	say("TRACELOOP_MANAGEMENT_API_KEY=%s", api.ManagementKey())
	if keep {
		say("Its pages are at %s. Open them to watch the next steps.", server.URL)
	}

	config, err := devtool.BuildMirror(ctx, dir)
	if err != nil {
		return err
	}
	work := filepath.Join(dir, "quickstart")
	if err := os.CopyFS(work, os.DirFS(filepath.Join(root, "examples", "quickstart"))); err != nil {
		return err
	}
	s := &story{
		api: api, url: server.URL,
		cli: cli{path: executable, dir: work, env: devtool.CLIEnv(config, server.URL, api.ManagementKey())},
	}
	if err := s.tell(ctx); err != nil {
		return err
	}
	if keep {
		return s.stay(ctx, config)
	}
	if err := s.destroy(ctx); err != nil {
		return err
	}
	s.summarize(time.Since(start))
	return nil
}

// stay keeps everything until the demo is interrupted.
func (s *story) stay(ctx context.Context, config string) error {
	// In a file, because the demo prints no keys.
	file := filepath.Join(filepath.Dir(s.cli.dir), "demo.env")
	variables := fmt.Sprintf("export TF_CLI_CONFIG_FILE='%s'\nexport TRACELOOP_MANAGEMENT_BASE_URL='%s'\nexport TRACELOOP_MANAGEMENT_API_KEY='%s'\n",
		config, s.url, s.api.ManagementKey())
	if err := os.WriteFile(file, []byte(variables), 0o600); err != nil {
		return err
	}
	step("Stay, until you press Ctrl-C")
	say("Open %s in a browser and change something. For example, revoke the key.", s.url)
	say("Then run a plan in another terminal:")
	say("  . %s && cd %s", file, s.cli.dir)
	say("  %s plan", filepath.Base(s.cli.path))
	<-ctx.Done()
	say("Everything is removed.")
	return nil
}
