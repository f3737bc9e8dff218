package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// narrator prints the story. It masks known keys, and everything that looks like a key.
type narrator struct {
	w     io.Writer
	steps int

	mu      sync.Mutex
	secrets []string
}

var looksLikeKey = regexp.MustCompile(`\b` + traceloop.KeyPrefix + `[A-Za-z0-9_-]{8,}`)

func newNarrator(w io.Writer) *narrator { return &narrator{w: w} }

func (n *narrator) secret(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.secrets = append(n.secrets, key)
}

func (n *narrator) mask(text string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, key := range n.secrets {
		text = strings.ReplaceAll(text, key, traceloop.MaskKey(key))
	}
	return looksLikeKey.ReplaceAllStringFunc(text, traceloop.MaskKey)
}

func (n *narrator) step(heading string) {
	n.steps++
	n.heading("%d. %s", n.steps, heading)
}

func (n *narrator) heading(format string, args ...any) {
	fmt.Fprintf(n.w, "\n%s\n", n.mask(fmt.Sprintf(format, args...)))
}

func (n *narrator) say(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(n.w, "   %s\n", n.mask(strings.TrimRight(line, "\n")))
	}
}
