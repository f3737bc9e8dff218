package snippets

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

const repository = "https://github.com/traceloop/terraform-provider-traceloop"

// machine is a computer with Go, make, git, curl and a CLI, and no network: `git clone` gets the
// working tree in the place of the repository.
type machine struct {
	t    *testing.T
	root string // of the working tree
	dir  string
	env  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	root, err := devtool.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cli, err := devtool.CLI()
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, root: root, dir: t.TempDir()}
	for _, folder := range []string{"bin", "home", "tmp"} {
		if err := os.Mkdir(filepath.Join(m.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// The pages say terraform, whichever CLI this is.
	if err := os.Symlink(cli, filepath.Join(m.dir, "bin", "terraform")); err != nil {
		t.Fatal(err)
	}
	upstream := filepath.Join(m.dir, "upstream")
	m.env = []string{
		"PATH=" + filepath.Join(m.dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + filepath.Join(m.dir, "home"), "TMPDIR=" + filepath.Join(m.dir, "tmp"), "CHECKPOINT_DISABLE=1",
		"HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + upstream + ".insteadOf", "GIT_CONFIG_VALUE_0=" + repository,
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOFLAGS"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		m.env = append(m.env, name+"="+strings.TrimSpace(string(value)))
	}
	// The cache of go test does not see what git reads: the test has to run again when one of these changes.
	for _, used := range []string{"GNUmakefile", "main.go", "internal/tools/install.sh", "internal/emulator/cmd/traceloop-emulator/main.go"} {
		if _, err := os.Stat(filepath.Join(root, used)); err != nil {
			t.Fatal(err)
		}
	}
	m.run("init", "--quiet", "--bare", "--initial-branch=main", upstream)
	m.run("--git-dir="+upstream, "--work-tree="+root, "add", "--all", root)
	m.run("--git-dir="+upstream, "--work-tree="+root, "-c", "user.name=Reader", "-c", "user.email=reader@example.com", "commit", "--quiet", "--message=Working tree")
	return m
}

// run runs git, which has to succeed.
func (m *machine) run(args ...string) {
	m.t.Helper()
	command := exec.CommandContext(m.t.Context(), "git", args...)
	command.Dir, command.Env = m.root, m.env
	if out, err := command.CombinedOutput(); err != nil {
		m.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// reader follows a page, from an empty folder on. It is the same folder for each, so that Go builds
// the same files in the same place, and does so once.
type reader struct {
	t        *testing.T
	machine  *machine
	terminal *terminal
}

// terminal is a shell: a folder and variables, which the next block finds as the last has left them.
type terminal struct {
	state  string // folder of the files that keep both
	cwd    string
	env    []string
	listen string // where the emulator listens; the pages' own port may be taken
}

func (m *machine) start() string { return filepath.Join(m.dir, "start") }

func (m *machine) terminal(t *testing.T, variables ...string) *terminal {
	t.Helper()
	return &terminal{state: t.TempDir(), cwd: m.start(), env: slices.Concat(m.env, variables), listen: "127.0.0.1:0"}
}

func (m *machine) reader(t *testing.T, variables ...string) *reader {
	t.Helper()
	if err := errors.Join(os.RemoveAll(m.start()), os.Mkdir(m.start(), 0o700)); err != nil {
		t.Fatal(err)
	}
	return &reader{t: t, machine: m, terminal: m.terminal(t, variables...)}
}

// follow runs every block, and stops at the first that fails.
func (r *reader) follow(blocks []block) error {
	for _, b := range blocks {
		if b.notRun != "" {
			continue
		}
		if b.language == "terraform" {
			if err := os.WriteFile(filepath.Join(r.terminal.cwd, b.file), []byte(b.code), 0o600); err != nil {
				return fmt.Errorf("%s: %w", b.where, err)
			}
			continue
		}
		began := time.Now()
		out, stays, err := r.terminal.run(r.t, b.code)
		r.t.Logf("%s: %.1f s", b.where, time.Since(began).Seconds())
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", b.where, err, out)
		}
		if !strings.Contains(out, b.output) {
			return fmt.Errorf("%s: it does not print\n%sbut\n%s", b.where, b.output, out)
		}
		if stays { // nothing more can be typed here
			r.terminal = r.machine.terminal(r.t)
		}
	}
	return nil
}

// The shell reads the block as typed, except that it stops at the first command that fails.
const typed = `set -e
cd "$(cat "$TERMINAL/cwd")"
if [ -e "$TERMINAL/env" ]; then . "$TERMINAL/env"; fi
. "$TERMINAL/block"
export -p > "$TERMINAL/env"
pwd > "$TERMINAL/cwd"
`

// run runs a block and answers yes to every question. A block stays when it has started an emulator in the
// foreground; that one runs until the end of the test.
func (s *terminal) run(t *testing.T, code string) (output string, stays bool, err error) {
	t.Helper()
	code = strings.NewReplacer(
		`make emulator ARGS="`, `make emulator ARGS="-listen `+s.listen+` `,
		`bin/traceloop-emulator `, `bin/traceloop-emulator -listen `+s.listen+` `,
	).Replace(code)
	for name, content := range map[string]string{"block": code, "cwd": s.cwd} {
		if err := os.WriteFile(filepath.Join(s.state, name), []byte(content), 0o600); err != nil {
			return "", false, err
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	command := devtool.Command(ctx, "bash", "-c", typed)
	command.Env = []string{"TERMINAL=" + s.state}
	if _, err := os.Stat(filepath.Join(s.state, "env")); err != nil {
		command.Env = append(command.Env, s.env...)
	}
	command.Stdin = answers{}
	pipe, end := io.Pipe()
	command.Stdout, command.Stderr = end, end
	if err := command.Start(); err != nil {
		cancel()
		return "", false, err
	}
	ended := make(chan error, 1)
	go func() {
		err := command.Wait()
		end.Close()
		ended <- err
	}()
	var printed bytes.Buffer
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		fmt.Fprintln(&printed, lines.Text())
		if strings.HasPrefix(lines.Text(), "export TRACELOOP_MANAGEMENT_API_KEY=") {
			go func() { _, _ = io.Copy(io.Discard, pipe) }()
			t.Cleanup(func() {
				cancel()
				<-ended
				devtool.Reap(command)
			})
			return printed.String(), true, nil
		}
	}
	err = <-ended
	cancel()
	devtool.Reap(command)
	if err == nil {
		var cwd []byte
		cwd, err = os.ReadFile(filepath.Join(s.state, "cwd"))
		s.cwd = strings.TrimSpace(string(cwd))
	}
	return printed.String(), false, err
}

// answers is what a reader types who agrees with everything.
type answers struct{}

func (answers) Read(into []byte) (int, error) { return copy(into, "yes\n"), nil }
