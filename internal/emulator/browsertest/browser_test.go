// Package browsertest looks at the emulator's pages as a person does: in Chromium.
package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// patience is for a machine that does other things as well; no test waits it out.
const patience = 5 * time.Minute

//go:embed testdata/axe-core/axe.min.js
var axe string

// chromium is the browser, or "" where there is none.
var chromium = sync.OnceValue(func() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
})

// One browser serves all tests, each in a context of its own.
var shared struct {
	once   sync.Once
	ctx    context.Context
	cancel []context.CancelFunc
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, cancel := range slices.Backward(shared.cancel) {
		cancel()
	}
	os.Exit(code)
}

func start() {
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(chromium()),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("in-process-gpu", true),        // saves a process,
		chromedp.Flag("renderer-process-limit", "1"), // and two for each page
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// The names of other sites, all of which are this machine.
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"),
	)
	if os.Geteuid() == 0 { // Chromium does not run as root with its sandbox
		options = append(options, chromedp.NoSandbox)
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	shared.cancel = append(shared.cancel, cancel)
	shared.ctx, cancel = chromedp.NewContext(allocator)
	shared.cancel = append(shared.cancel, cancel)
	shared.err = chromedp.Do(shared.ctx)
}

// tab is a page that somebody looks at.
type tab struct {
	t         *testing.T
	ctx       context.Context
	noScripts bool

	mu       sync.Mutex
	problems []string
	expected []string // problems that the test is about
}

// open opens a tab, in light colours and 1280 pixels wide. The test fails if anything is
// said on its console that it does not expect.
func open(t *testing.T) *tab {
	t.Helper()
	if chromium() == "" {
		const how = "there is no Chromium on the PATH; install it with: apt-get install chromium"
		if os.Getenv("BROWSER_TESTS") == "required" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	if shared.once.Do(start); shared.err != nil {
		t.Fatalf("starting Chromium: %v", shared.err)
	}
	ctx, cancel := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	b.run(chromedp.EmulateViewport(1280, 900))
	b.colours("light")
	t.Cleanup(b.check)
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, argument := range e.Args {
				b.problems = append(b.problems, fmt.Sprintf("console: %s %s", argument.Value, argument.Description))
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.problems = append(b.problems, string(e.Entry.Source)+": "+e.Entry.Text)
		}
	case *page.EventJavascriptDialogOpening:
		b.problems = append(b.problems, "dialog: "+e.Message)
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

// expect lets problems pass that have this text in them; one at least has to come.
func (b *tab) expect(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, text)
}

func (b *tab) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.expected {
		before := len(b.problems)
		b.problems = slices.DeleteFunc(b.problems, func(problem string) bool { return strings.Contains(problem, text) })
		if len(b.problems) == before {
			b.t.Errorf("the browser did not say %q", text)
		}
	}
	for _, problem := range b.problems {
		b.t.Errorf("the browser says: %s", problem)
	}
}

// run does something to the page. A live part may be replaced after its node was found and before anything is done
// to it. Chromium refuses that, and the node is looked for again.
func (b *tab) run(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for {
		err := chromedp.Do(b.ctx, action)
		if err == nil {
			return
		}
		if !isReplaced(err) {
			b.t.Fatalf("%v\n%s", err, b.body())
		}
	}
}

// isReplaced reports whether an action found a node that has left the page since. No key and no button was pressed.
func isReplaced(err error) bool {
	var refused *cdproto.Error
	return errors.As(err, &refused) && refused.Message == "Could not find node with given id"
}

// body is what can be read on the page, for messages.
func (b *tab) body() (text string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), 5*time.Second)
	defer cancel()
	text, _ = chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	return text
}

func (b *tab) goTo(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(address))
}

func (b *tab) colours(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) (result R) {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// quote makes a literal of JavaScript or XPath.
func quote(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always can be
	}
	return string(data)
}

// named finds a control by its accessible name, as a person or a screen reader does.
func named(name string) string {
	quoted := quote(name)
	return fmt.Sprintf(`(//a | //button)[@aria-label=%[1]s or normalize-space()=%[1]s]`, quoted)
}

func (b *tab) click(name string) {
	b.t.Helper()
	b.run(chromedp.Click(named(name)))
}

// fill types a text into the field with a label, in place of what is there.
func (b *tab) fill(label, text string) {
	b.t.Helper()
	quoted := quote(label)
	field := fmt.Sprintf(`//*[@id=//label[normalize-space()=%s]/@for]`, quoted)
	b.run(chromedp.Click(field))
	value[bool](b, `(document.activeElement.value = "", true)`)
	b.run(chromedp.SendKeys(field, text))
}

// see waits until the page says a text, without a reload by the test.
func (b *tab) see(text string) {
	b.t.Helper()
	quoted := quote(text)
	if b.noScripts { // and so no promises
		b.run(chromedp.WaitVisible(fmt.Sprintf(`//body[contains(normalize-space(), %s)]`, quoted)))
		return
	}
	b.until(fmt.Sprintf(`document.body.innerText.replace(/\s+/g, " ").includes(%s)`, quoted))
}

// until waits until an expression is true of a whole page, whatever pages follow each other meanwhile.
func (b *tab) until(expression string) {
	b.t.Helper()
	// The browser waits. Its promise ends with the page that a form leaves; then the next page is asked.
	wait := fmt.Sprintf(`new Promise(done => {
		const look = () => {
			let is = false
			try { is = document.readyState !== "loading" && Boolean(%s) } catch { }
			is ? done(true) : setTimeout(look, 20)
		}
		look()
	})`, expression)
	for {
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](wait, chromedp.EvalAwaitPromise))
		if err == nil {
			return
		}
		if b.ctx.Err() != nil {
			b.t.Fatalf("in vain: %s (%v)\n%s", expression, err, b.body())
		}
	}
}

// value evaluates an expression.
func value[T any](b *tab, expression string) (v T) {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%v: %s\n%s", err, expression, b.body())
	}
	return v
}

// row is the text of the table row of an environment. It waits for the row.
func (b *tab) row(project, environment string) string {
	b.t.Helper()
	row := fmt.Sprintf(`[...document.querySelector("table[aria-label=" + CSS.escape(%s) + "]").tBodies[0].rows]
		.find(r => r.querySelector(".name").textContent === %s)`, quote("Environments of "+project), quote(environment))
	b.until(row)
	return value[string](b, row+`.innerText.replace(/\s+/g, " ")`)
}

// accessible checks the page in both colour schemes by the rules of axe-core, all of them.
func (b *tab) accessible(what string) {
	b.t.Helper()
	if !value[bool](b, `typeof axe !== "undefined"`) {
		b.run(chromedp.Evaluate[chromedp.Void](axe))
	}
	for _, scheme := range []string{"light", "dark"} {
		b.colours(scheme)
		result := value[struct {
			Passes     int
			Violations []struct {
				ID, Help string
				Nodes    []string
			}
		}](b, `axe.run({resultTypes: ["violations"]}).then(r => ({passes: r.passes.length,
			violations: r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html + " " + n.failureSummary)}))}))`)
		if result.Passes == 0 {
			b.t.Errorf("%s, %s: nothing was checked", what, scheme)
		}
		for _, v := range result.Violations {
			b.t.Errorf("%s, %s: %s: %s\n%s", what, scheme, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
		}
	}
	b.colours("light")
}

// clipboard is what the tab has copied.
func (b *tab) clipboard() string {
	b.t.Helper()
	call(b, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	return value[string](b, "navigator.clipboard.readText()")
}

func (b *tab) withoutScripts() {
	b.t.Helper()
	b.noScripts = true
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// request sends a request to the API as a client would.
func request(t *testing.T, s *emulatortest.Server, key, method, path, body, agent string) (status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}
