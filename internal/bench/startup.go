package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

const (
	starts        = 20
	sizeLimit     = 25e6 // bytes
	schemaRPC     = "/tfplugin6.Provider/GetProviderSchema"
	protocol      = 6
	cookieKey     = "TF_PLUGIN_MAGIC_COOKIE"
	cookieValue   = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
	pluginName    = "provider"
	startupLegend = "The binary is stripped and without paths, as released. Times are from the start of the process, over %d runs after one that warms up; " +
		"the runs of a CLI's start and of the baseline alternate, so that a busy machine slows both. The baseline, \"start and exit\", is the same binary " +
		"refusing to run as a plain command: loading it and initializing its packages. The schema is fetched as a CLI fetches it, with mutual TLS."
)

// startup measures what a CLI waits for each time that it needs the provider's schema.
func startup(ctx context.Context, l *lab) (*table, error) {
	binary := l.provider
	info, err := os.Stat(binary)
	if err != nil {
		return nil, err
	}
	packages, err := linked(ctx)
	if err != nil {
		return nil, err
	}

	var schema, handshake, baseline sample
	for i := range starts + 1 {
		connected, answered, err := fetchSchema(ctx, binary)
		if err != nil {
			return nil, err
		}
		exited, err := startAndExit(ctx, binary)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			handshake, schema, baseline = append(handshake, connected), append(schema, answered), append(baseline, exited)
		}
	}

	t := &table{
		title:  "Start-up",
		header: []string{"What", "Median", "Least", "Most", "Median, relative to the baseline"},
		notes:  []string{fmt.Sprintf(startupLegend, starts)},
	}
	for _, row := range []struct {
		what  string
		times sample
	}{{"Start and exit (baseline)", baseline}, {"Start until the plugin handshake is done", handshake}, {"Start until GetProviderSchema is answered", schema}} {
		t.rows = append(t.rows, []string{
			row.what, ms(row.times.median()), ms(row.times.min()), ms(row.times.max()), ratio(row.times.median(), baseline.median()),
		})
	}

	found := forbiddenAmong(packages)
	t.notes = append(t.notes, "", fmt.Sprintf("Size: %.1f MB (limit %.0f MB). Packages linked: %d; of those that only the emulator and the tests may use: %d.",
		float64(info.Size())/1e6, sizeLimit/1e6, len(packages), len(found)))
	if info.Size() > sizeLimit {
		t.failed = append(t.failed, "the binary is larger than its limit")
	}
	if len(found) > 0 {
		t.failed = append(t.failed, "forbidden packages are linked: "+strings.Join(found, ", "))
	}
	return t, nil
}

// fetchSchema starts the provider and asks for its schema.
func fetchSchema(ctx context.Context, binary string) (connected, answered time.Duration, err error) {
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = devtool.Env()
	client := plugin.NewClient(&plugin.ClientConfig{
		Cmd:              cmd,
		SkipHostEnv:      true,
		AutoMTLS:         true,
		Logger:           hclog.NewNullLogger(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: cookieKey, MagicCookieValue: cookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{protocol: {pluginName: &rawPlugin{}}},
	})
	defer client.Kill()

	start := time.Now()
	rpc, err := client.Client()
	if err != nil {
		return 0, 0, err
	}
	raw, err := rpc.Dispense(pluginName)
	if err != nil {
		return 0, 0, err
	}
	conn, ok := raw.(*grpc.ClientConn)
	if !ok {
		return 0, 0, fmt.Errorf("the plugin is a %T", raw)
	}
	connected = time.Since(start)

	var answer emptypb.Empty
	err = conn.Invoke(ctx, schemaRPC, &emptypb.Empty{}, &answer)
	answered = time.Since(start)
	// The fields of the answer are unknown to the empty message, which keeps them.
	if err == nil && len(answer.ProtoReflect().GetUnknown()) == 0 {
		err = errors.New("the schema is empty")
	}
	return connected, answered, err
}

// startAndExit runs the provider as a plain command, which it refuses.
func startAndExit(ctx context.Context, binary string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = devtool.Env()
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return took, nil
	}
	return took, fmt.Errorf("the provider ran as a plain command: %w", err)
}

// rawPlugin hands out the connection itself, since one call needs no generated client.
type rawPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (*rawPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is a client")
}

func (*rawPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
