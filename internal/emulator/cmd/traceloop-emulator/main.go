// Command traceloop-emulator emulates Traceloop's management API and its endpoint for traces. It
// needs no account.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/check"
)

// version is set by the release build.
var version = "dev"

// grace is the time for requests in flight when the emulator stops.
const grace = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if len(os.Args) > 1 && os.Args[1] == check.Name {
		os.Exit(check.Command{Version: version, Env: os.LookupEnv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}.Run(ctx, os.Args[2:]))
	}
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "traceloop-emulator:", err)
		os.Exit(1)
	}
}

type options struct {
	listen        string
	data          string
	managementKey string
	allowRemote   bool
	noPage        bool
	variant       string
	seed          string
	envFile       string
	version       bool
}

const help = `An emulator of Traceloop's management API, and of its endpoint for traces.
It needs no account: it serves one organization, from memory or from a file.
It prints two lines that point the provider at it. All else goes to stderr.
Its pages in the browser show what Terraform did, and change what it will find.
The control calls below /_emulator/ inject faults, for tests.

Example, of a file that is there once the emulator listens:
  traceloop-emulator -seed organization.yaml -env-file emulator.env
Another command compares a real service with what the emulator serves:
  traceloop-emulator check -help

Flags:
`

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("traceloop-emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is printed once, by main
	flags.StringVar(&o.listen, "listen", "127.0.0.1:4319", "`address` to listen on; port 0 picks a free one")
	flags.StringVar(&o.data, "data", "", "`file` to store the data and the management key in (default: in memory)")
	flags.StringVar(&o.managementKey, "management-key", "", "management `key`; the data file stores it (default: the key in the data file, or a random one)")
	flags.BoolVar(&o.allowRemote, "allow-remote", false, "allow an address that other machines can reach; there are no pages then")
	flags.BoolVar(&o.noPage, "no-page", false, "serve no pages in the browser")
	flags.StringVar(&o.variant, "variant", string(emulator.VariantContract), "`form` of the answers: contract, or seen, as the service was seen to answer on other objects")
	flags.StringVar(&o.seed, "seed", "", "YAML or JSON `file` with the organization to start with; /_emulator/export writes one")
	flags.StringVar(&o.envFile, "env-file", "", "`file` to write the two lines to; it exists while the emulator listens")
	flags.BoolVar(&o.version, "version", false, "print the version, and do nothing else")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, help)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
	case err != nil:
		err = fmt.Errorf("%w; -help lists the flags", err)
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q; -help lists the flags", flags.Arg(0))
	}
	return o, err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	o.noPage = o.noPage || o.allowRemote // the pages need no key
	if o.version {
		fmt.Fprintln(stdout, version)
		return nil
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))

	seed, err := readSeed(o.seed)
	if err != nil {
		return err
	}
	file := envFile(o.envFile)
	if err := file.clear(); err != nil {
		return err
	}
	listener, err := listen(ctx, o)
	if err != nil {
		return err
	}
	defer listener.Close()
	e, err := emulator.New(emulator.Options{
		ManagementKey: o.managementKey, DataFile: o.data, Logger: logger,
		Seed: seed, Variant: emulator.Variant(o.variant), NoPage: o.noPage,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()

	address := baseURL(listener.Addr())
	lines := fmt.Sprintf("export TRACELOOP_MANAGEMENT_BASE_URL=%s\nexport TRACELOOP_MANAGEMENT_API_KEY=%s\n", address, shellQuote(e.ManagementKey()))
	defer func() { err = errors.Join(err, file.remove(lines)) }()
	if err := file.write(lines); err != nil {
		return err
	}
	fmt.Fprint(stdout, lines)
	attributes := []any{"address", listener.Addr().String(), "data", o.data}
	if !o.noPage {
		attributes = append(attributes, "page", address)
	}
	logger.Info("listening", attributes...)
	return serve(ctx, listener, e, logger)
}

func readSeed(path string) (*emulator.Seed, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // the flag may be left out
	}
	data, err := os.ReadFile(path) //nolint:gosec // the user's choice
	if err != nil {
		return nil, fmt.Errorf("-seed %s: %w", path, unwrapPath(err))
	}
	return emulator.ParseSeed(path, data)
}

// serve serves until ctx ends, and then completes the requests in flight.
func serve(ctx context.Context, listener net.Listener, handler *emulator.Emulator, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(handler.EndStreams)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	logger.Info("stopping")
	// ctx has ended, so the requests in flight get a new context.
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		logger.Warn("requests in flight were cut off", "after", grace)
		return server.Close()
	}
	return nil
}

// listen refuses addresses that other machines can reach, because the API is served without TLS.
func listen(ctx context.Context, o options) (net.Listener, error) {
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return nil, fmt.Errorf("-listen %q must be host:port, such as 127.0.0.1:4319", o.listen)
	}
	if !o.allowRemote {
		loopback, err := isLoopback(ctx, host)
		if err != nil {
			return nil, fmt.Errorf("-listen %q: %w", o.listen, err)
		}
		if !loopback {
			return nil, fmt.Errorf("-listen %q can be reached from other machines; listen on 127.0.0.1:%s instead, or add -allow-remote", o.listen, port)
		}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("-listen %q is in use already; port 0 picks a free one", o.listen)
	}
	if err != nil {
		return nil, fmt.Errorf("-listen %q: %w", o.listen, err)
	}
	return listener, nil
}

// isLoopback reports whether host, a name or an address, is only this machine. An empty host means
// every interface.
func isLoopback(ctx context.Context, host string) (bool, error) {
	if host == "" {
		return false, nil
	}
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return false, err
	}
	for _, address := range addresses {
		if !address.IP.IsLoopback() {
			return false, nil
		}
	}
	return true, nil
}

// baseURL returns the URL of the listener for a client on this machine.
func baseURL(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", tcp.Port)
	}
	return "http://" + address.String()
}

// shellQuote quotes s as one word for eval in any POSIX shell.
func shellQuote(s string) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_-.,/:@%+", c)
	}
	if strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
