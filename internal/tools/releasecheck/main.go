// Releasecheck builds the files of a release for this machine's platform, from a clone of the last commit. It checks them,
// builds them again in another folder with an empty cache, and compares the bytes.
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
	"runtime"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// version is that of a tag that the clones get; a binary without it was not given the tag's.
const version = "0.0.0-snapshot"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release-check:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop is called
	}
}

func run(ctx context.Context) error {
	work, err := os.MkdirTemp("", "rc") // short: GnuPG's sockets have a long path below it
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	key, done, err := throwAwayKey(ctx, filepath.Join(work, "gpg"))
	if err != nil {
		return err
	}
	defer done()

	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return fmt.Errorf("git rev-parse: %w", err)
	}
	head := strings.TrimSpace(string(commit))
	dist, err := build(ctx, filepath.Join(work, "a"), head, os.Getenv("GOCACHE"), key)
	if err != nil {
		return err
	}
	first := release{dist: dist, version: version, platform: runtime.GOOS + "_" + runtime.GOARCH, folder: work}
	if err := first.check(key.home != ""); err != nil {
		return err
	}
	if key.home != "" {
		if out, err := exec.CommandContext(ctx, "gpg", "--homedir", key.home, "--verify", first.checksums()+".sig", first.checksums()).CombinedOutput(); err != nil {
			return fmt.Errorf("the signature does not hold: %w\n%s", err, out)
		}
		fmt.Println("The signature of the checksums holds.")
	}
	if dist, err = build(ctx, filepath.Join(work, "another-folder"), head, filepath.Join(work, "cache"), key); err != nil {
		return err
	}
	return first.compare(release{dist: dist, version: version})
}

// build makes the files of a release in a clone of a commit, and says where they are.
func build(ctx context.Context, clone, commit, cache string, key signingKey) (dist string, err error) {
	tools, err := filepath.Abs(".cache/bin")
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"clone", "--quiet", ".", clone},
		{"-C", clone, "checkout", "--quiet", "--detach", commit},
		{"-C", clone, "remote", "set-url", "origin", "https://" + devtool.Module},
		{"-C", clone, "tag", "v" + version},
	} {
		if out, err := exec.CommandContext(ctx, "git", args...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	config, err := os.ReadFile(filepath.Join(clone, ".goreleaser.yml"))
	if err != nil {
		return "", err
	}
	onePlatform := clone + ".yml"
	if err := os.WriteFile(onePlatform, onlyFor(config, runtime.GOOS, runtime.GOARCH), 0o600); err != nil {
		return "", err
	}

	skip := "publish"
	if key.home == "" {
		skip = "publish,sign"
	}
	command := exec.CommandContext(ctx, filepath.Join(tools, "goreleaser"), "release", "--config", onePlatform, "--clean", "--skip", skip)
	command.Dir = clone
	command.WaitDelay = 5 * time.Second // Ctrl-C does not wait for the compilers that it started
	command.Env = append(os.Environ(), "GNUPGHOME="+key.home, "GPG_FINGERPRINT="+key.fingerprint, "GPG_PASSPHRASE=",
		"PATH="+tools+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if cache != "" {
		command.Env = append(command.Env, "GOCACHE="+cache)
	}
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("goreleaser: %w\n%s", err, out)
	}
	return filepath.Join(clone, "dist"), nil
}

var (
	goosLine   = regexp.MustCompile(`(?m)^( +goos:).*$`)
	goarchLine = regexp.MustCompile(`(?m)^( +goarch:).*$`)
)

// onlyFor leaves one platform in a configuration of goreleaser.
func onlyFor(config []byte, goos, goarch string) []byte {
	return goarchLine.ReplaceAll(goosLine.ReplaceAll(config, []byte("$1 ["+goos+"]")), []byte("$1 ["+goarch+"]"))
}

type signingKey struct {
	home, fingerprint string
}

// throwAwayKey makes a key to sign with, where GnuPG is installed.
func throwAwayKey(ctx context.Context, home string) (key signingKey, done func(), err error) {
	if _, err := exec.LookPath("gpg"); errors.Is(err, exec.ErrNotFound) {
		fmt.Println("There is no gpg on the PATH, so nothing is signed here. The workflow of a release does not go on without it.")
		return signingKey{}, func() {}, nil
	}
	if err := os.Mkdir(home, 0o700); err != nil {
		return signingKey{}, nil, err
	}
	gpg := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "gpg", append([]string{"--homedir", home, "--batch"}, args...)...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("gpg %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return string(out), err
	}
	if _, err := gpg("--passphrase", "", "--quick-generate-key", "release-check", "rsa3072", "sign"); err != nil {
		return signingKey{}, nil, err
	}
	out, err := gpg("--list-keys", "--with-colons")
	_, after, _ := strings.Cut(out, "\nfpr:")
	fingerprint, _, _ := strings.Cut(strings.Trim(after, ":"), ":")
	// The agent that GnuPG started would stay.
	return signingKey{home, fingerprint}, func() { _ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() }, err //nolint:noctx // it runs when all is over
}
