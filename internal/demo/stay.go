package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// stay keeps everything until the demo is interrupted.
func (s *story) stay(ctx context.Context, config string) error {
	// In a file, because the narrator prints no keys.
	env := filepath.Join(filepath.Dir(s.cli.dir), "demo.env")
	lines := fmt.Sprintf("export TF_CLI_CONFIG_FILE='%s'\nexport TRACELOOP_MANAGEMENT_BASE_URL='%s'\nexport TRACELOOP_MANAGEMENT_API_KEY='%s'\n",
		config, s.server.URL, s.server.Key)
	err := os.WriteFile(env, []byte(lines), 0o600)
	if err != nil {
		return err
	}
	s.out.heading("Kept, until you press Ctrl-C")
	s.out.say("Open %s in a browser and change something. For example, revoke the key.", s.server.URL)
	s.out.say("Then run a plan in another terminal:")
	s.out.say("  . %s && cd %s", env, s.cli.dir)
	s.out.say("  %s plan", filepath.Base(s.cli.path))
	<-ctx.Done()
	s.out.heading("Everything is removed.")
	return nil
}
