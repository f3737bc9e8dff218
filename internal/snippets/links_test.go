package snippets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every link to a file of the repository, or to a heading in one, leads somewhere.
func TestLinks(t *testing.T) {
	t.Parallel()
	const root = "../.."
	pages, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil || len(pages) < 35 {
		t.Fatalf("only %d pages were found: %v", len(pages), err)
	}
	links := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		n, problem := checkLinks(page, string(text))
		links += n
		if problem != nil {
			t.Error(problem)
		}
	}
	if links < 150 {
		t.Errorf("only %d links were found", links)
	}
}

func TestLinks_catch(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.md")
	for text, want := range map[string]string{
		"# A Heading\n[a](page.md#a-heading) and [b](#a-heading)": "",
		"# A Heading\n[a](other.md)":                              "page.md links to other.md: stat",
		"# A Heading\n[a](page.md#another)":                       `page.md links to page.md#another: there is no such heading`,
		"```\n# No Heading\n```\n[a](#no-heading)":                `page.md links to #no-heading: there is no such heading`,
	} {
		if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := checkLinks(page, text)
		if n == 0 || want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q has %d links: %v, want %q", text, n, err, want)
		}
	}
}

var (
	link       = regexp.MustCompile(`\]\(([^)\s:#]*)(#[^)\s]*)?\)`)
	codeBlocks = regexp.MustCompile("(?s)(?:^|\n) *```.*?\n *```")
	heading    = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInNames = regexp.MustCompile(`[^\w -]`)
)

func checkLinks(page, text string) (links int, problem error) {
	for _, match := range link.FindAllStringSubmatch(codeBlocks.ReplaceAllString(text, ""), -1) {
		links++
		file := page
		if match[1] != "" {
			file = filepath.Join(filepath.Dir(page), match[1])
		}
		if err := checkLink(file, strings.TrimPrefix(match[2], "#")); err != nil {
			problem = errors.Join(problem, fmt.Errorf("%s links to %s%s: %w", page, match[1], match[2], err))
		}
	}
	return links, problem
}

func checkLink(file, name string) error {
	if _, err := os.Stat(file); err != nil || name == "" {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var names []string
	for _, match := range heading.FindAllStringSubmatch(codeBlocks.ReplaceAllString(string(text), ""), -1) {
		names = append(names, strings.ReplaceAll(notInNames.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-"))
	}
	if !slices.Contains(names, name) && !strings.Contains(string(text), `<a id="`+name+`"`) {
		return errors.New("there is no such heading")
	}
	return nil
}
