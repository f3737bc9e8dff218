package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// lab is what the measurements share.
type lab struct {
	options

	dir       string
	cli       string
	cliConfig string
	provider  string // stripped and without paths, as released
	targets   targets

	workspaces int
	servers    []*httptest.Server
}

func newLab(ctx context.Context, o options, dir string) (*lab, error) {
	cli, err := devtool.CLI()
	if err != nil {
		return nil, err
	}
	executable := devtool.Exe("terraform-provider-traceloop")
	l := &lab{options: o, dir: dir, cli: cli, cliConfig: filepath.Join(dir, "cli.tfrc"), provider: filepath.Join(dir, executable)}
	overrides := filepath.Join(dir, "overrides")
	content := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n}\n", address, filepath.ToSlash(overrides))
	return l, errors.Join(
		devtool.Build(ctx, l.provider, devtool.Module, "-trimpath", "-ldflags", "-s -w"),
		devtool.Build(ctx, filepath.Join(overrides, executable), devtool.Module+"/internal/bench/standin", "-ldflags", "-s -w"),
		os.WriteFile(l.cliConfig, []byte(content), 0o600),
	)
}

func (l *lab) close() {
	for _, server := range l.servers {
		server.Close()
	}
}

// workspace is a folder with a configuration and its state.
type workspace struct {
	lab      *lab
	dir      string
	provider string
	api      *emulator.Emulator
	url      string
}

// organization starts an emulator with the estates, except those that are only planned, and with
// the environments that they share. Each estate gets a workspace.
func (l *lab) organization(estates ...*estate) ([]*workspace, error) {
	seed := &emulator.Seed{}
	for _, e := range estates {
		if e.planned {
			continue
		}
		seed.Projects = append(seed.Projects, e.Projects...)
		if len(e.Environments) > len(seed.Environments) {
			seed.Environments = e.Environments
		}
	}
	api, err := emulator.New(emulator.Options{Seed: seed, NoPage: true})
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(api)
	l.servers = append(l.servers, server)

	all := make([]*workspace, len(estates))
	for i, e := range estates {
		l.workspaces++
		all[i] = &workspace{lab: l, dir: filepath.Join(l.dir, fmt.Sprintf("workspace%d", l.workspaces)), provider: l.provider, api: api, url: server.URL}
		if err := e.write(all[i].dir); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// consumption is what one run of the CLI took.
type consumption struct {
	wall time.Duration
	cpu  time.Duration // of all the provider's processes
	peak megabytes     // resident memory of the largest of them
}

func (w *workspace) run(ctx context.Context, args ...string) (c consumption, err error) {
	notes := filepath.Join(w.dir, "consumption")
	if err := os.RemoveAll(notes); err != nil {
		return c, err
	}
	cmd := devtool.Command(ctx, w.lab.cli, args...)
	cmd.Dir = w.dir
	cmd.Env = devtool.CLIEnv(w.lab.cliConfig, w.url, w.api.ManagementKey(), "TF_CLI_ARGS=-no-color", "BENCH_PROVIDER="+w.provider, "BENCH_NOTES="+notes)
	start := time.Now()
	_, err = devtool.Output(cmd)
	c.wall = time.Since(start)
	if err != nil {
		return c, err
	}
	content, err := os.ReadFile(notes) //nolint:gosec // the stand-in's
	if err != nil {
		return c, err
	}
	for line := range strings.Lines(string(content)) { // one for each walk: a CLI starts the provider anew
		var cpu time.Duration
		var peak megabytes
		if _, err := fmt.Sscan(line, &cpu, &peak); err != nil {
			return c, fmt.Errorf("the stand-in's note %q: %w", line, err)
		}
		c.cpu += cpu
		c.peak = max(c.peak, peak)
	}
	return c, nil
}
