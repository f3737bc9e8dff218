package snippets

import (
	"fmt"
	"regexp"
	"strings"
)

// block is code that a page asks its reader to run, or to save.
type block struct {
	where    string // page:line
	language string // shell or terraform
	code     string
	file     string // terraform: the name to save it under
	output   string // shell: what it prints, if the page says so
	notRun   string // the reason, for a reader who has what the test has not
}

var (
	fence    = regexp.MustCompile("^( *)```(\\w*)$")
	marker   = regexp.MustCompile(`^<!-- not run: (.+) -->$`)
	fileName = regexp.MustCompile("`([\\w.-]+\\.(?:tf|tfvars))`")
)

// parse returns every shell and terraform block of a page, in order.
func parse(page, text string) ([]block, error) {
	var blocks []block
	lines := strings.Split(text, "\n")
	before := "" // the last line with something in it
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		open := fence.FindStringSubmatch(lines[i])
		if open == nil {
			if strings.HasPrefix(line, "<!-- not run") && !marker.MatchString(line) {
				return nil, fmt.Errorf("%s:%d: a block that is not run needs a reason", page, i+1)
			}
			if line != "" {
				before = line
			}
			continue
		}
		b := block{where: fmt.Sprintf("%s:%d", page, i+1), language: open[2]}
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			b.code += strings.TrimPrefix(lines[i], open[1]) + "\n"
		}
		if i == len(lines) {
			return nil, fmt.Errorf("%s: the block does not end", b.where)
		}
		if reason := marker.FindStringSubmatch(before); reason != nil {
			b.notRun = reason[1]
		}
		switch b.language {
		case "terraform":
			if names := fileName.FindAllStringSubmatch(before, -1); names != nil {
				b.file = names[len(names)-1][1]
			} else if b.notRun == "" {
				return nil, fmt.Errorf("%s: the line before does not say which file this is", b.where)
			}
			blocks = append(blocks, b)
		case "shell":
			blocks = append(blocks, b)
		case "text": // right after a shell block
			if n := len(blocks); n > 0 && before == "```" && blocks[n-1].language == "shell" {
				blocks[n-1].output = b.code
			}
		}
		before = "```"
	}
	return blocks, nil
}
