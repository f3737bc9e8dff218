package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	out   io.Writer = os.Stdout
	steps int

	keys = regexp.MustCompile(`\b` + traceloop.KeyPrefix + `[A-Za-z0-9_-]{8,}`)
	// telling are the lines of a CLI's output that a new user should see.
	telling = regexp.MustCompile(`^(# \S+ (will|must) be .*|Plan: .*|No changes\..*|\S+: (Creation|Destruction) complete.*|.* has been successfully initialized!|(Apply|Destroy) complete!.*)$`)
)

// mask hides all that looks like a key. The emulator's management key does so too.
func mask(text string) string { return keys.ReplaceAllStringFunc(text, traceloop.MaskKey) }

func step(heading string) {
	steps++
	fmt.Fprintf(out, "\n%d. %s\n", steps, mask(heading))
}

func say(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(out, "   %s\n", mask(strings.TrimRight(line, "\n")))
	}
}
