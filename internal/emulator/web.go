package emulator

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"
)

// webPrefix is the prefix of every path of the page except "/", which the contract does not use.
const webPrefix = "/ui/"

// maxForm limits the size of a form.
const maxForm = 64 << 10

//go:embed web
var webFiles embed.FS

// webTemplates are parsed when a page is first opened.
var webTemplates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"age": age, "clock": clock, "count": count, "thousands": thousands, "minus": func(a, b int) int { return a - b }, "plus": func(a, b int) int { return a + b }, "shorten": shorten,
	}).ParseFS(webFiles, "web/*.html"))
})

// web is the page in the browser: the organization, the last requests and the faults.
type web struct {
	e          *Emulator
	token      string // in every form; another site cannot read it
	routes     http.Handler
	streams    context.Context
	endStreams context.CancelFunc
}

func newWeb(e *Emulator) *web {
	p := &web{e: e, token: rand.Text()}
	p.streams, p.endStreams = context.WithCancel(context.Background())
	p.routes = p.guard(p.mux())
	return p
}

// isWeb reports whether a request is for the page, not for the API.
func isWeb(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, webPrefix) ||
		r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

func (p *web) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.routes.ServeHTTP(w, r) }

func (p *web) mux() *http.ServeMux {
	mux := http.NewServeMux()
	page := func(pattern string, show func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := show(w, r); err != nil {
				p.problem(w, r, err)
			}
		})
	}
	page("GET /{$}", p.organization)
	page("GET /ui/projects/{id}", p.project)
	page("GET /ui/projects/{id}/delete", p.confirm("project", (*confirmation).ofProject))
	page("GET /ui/environments/{id}/delete", p.confirm("environment", (*confirmation).ofEnvironment))
	page("GET /ui/api-keys/{id}/revoke", p.confirmRevokeAPIKey)
	page("GET /ui/activity", p.activity)
	page("GET /ui/faults", p.faults)

	page("POST /ui/projects", p.form("POST", "/v2/projects", "project-created", "name"))
	page("POST /ui/projects/{id}/rename", p.form("PATCH", "/v2/projects/{id}", "project-renamed", "name"))
	page("POST /ui/projects/{id}/delete", p.form("DELETE", "/v2/projects/{id}", "project-deleted"))
	page("POST /ui/environments", p.form("POST", "/v2/environments", "environment-created", "name", "project_id"))
	page("POST /ui/environments/{id}/delete", p.form("DELETE", "/v2/environments/{id}", "environment-deleted"))
	page("POST /ui/api-keys", p.generateAPIKey)
	page("POST /ui/api-keys/{id}/revoke", p.form("DELETE", "/v2/api-keys/{id}", "key-revoked"))
	page("POST /ui/faults/preset", p.addPreset)
	page("POST /ui/faults/remove", p.removeFault)
	page("POST /ui/faults/remove-all", p.removeFaults)
	page("POST /ui/settings", p.changeSettings)

	mux.HandleFunc("GET /ui/events", p.events)
	for _, name := range webAssets {
		mux.HandleFunc("GET /ui/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, webFiles, "web/"+name)
		})
	}
	page("/", func(_ http.ResponseWriter, r *http.Request) error {
		return refuse(http.StatusNotFound, "There is no page at %s, or it does not accept %s.", r.URL.Path, r.Method)
	})
	return mux
}

var webAssets = []string{"style.css", "page.js", "icon.svg"}

// view is the data of a page.
type view struct {
	Title   string
	Tab     string // in the navigation
	Here    string // the address of the page
	Back    string // where its forms lead back to: itself, if empty
	Token   string
	Now     time.Time
	Notice  string
	Problem string
	Data    any
}

// table is a table of slots on a page.
type table struct {
	view
	Slots       []slot
	Label       string
	DeleteLinks bool // for the environments
}

// Table is for templates, which take only one argument.
func (v view) Table(slots []slot, label string, deleteLinks bool) table {
	return table{v, slots, label, deleteLinks}
}

// notices are messages after a successful form. The address of the page names one of them.
var notices = map[string]string{
	"project-created":     "The project is created.",
	"project-renamed":     "The project is renamed.",
	"project-deleted":     "The project is deleted, with its environments, keys and traces.",
	"environment-created": "The environment is created.",
	"environment-deleted": "The environment is deleted, with its keys and traces.",
	"key-revoked":         "The API key is revoked. Spans sent with it are refused from now on.",
	"fault-added":         "The fault is added. It waits for matching requests.",
	"fault-removed":       "The fault is removed.",
	"faults-removed":      "All faults are removed.",
	"settings-changed":    "The settings are changed.",
}

// show renders a page completely, then sends it.
func (p *web) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	v.Token, v.Now, v.Notice = p.token, p.e.now(), notices[r.URL.Query().Get("done")]
	v.Here = here(r)
	v.Back = cmp.Or(v.Back, v.Here)
	var body bytes.Buffer
	if err := webTemplates().ExecuteTemplate(&body, name, v); err != nil {
		return fmt.Errorf("rendering %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body.Bytes())
	return nil
}

// problem shows an error on its own page.
func (p *web) problem(w http.ResponseWriter, r *http.Request, err error) {
	refused, ok := errors.AsType[*apiError](err)
	if !ok {
		p.e.logger.Error("page failed", "error", err)
		refused = failed()
	}
	v := view{Title: http.StatusText(refused.status), Problem: refused.message, Back: back(r)}
	if err := p.show(w, r, refused.status, "problem", v); err != nil {
		p.e.logger.Error("page failed", "error", err)
		http.Error(w, refused.message, refused.status)
	}
}

// goBack redirects to the page of a form that had success.
func goBack(w http.ResponseWriter, r *http.Request, notice string) error {
	address := back(r)
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	http.Redirect(w, r, address+separator+"done="+notice, http.StatusSeeOther) //nolint:gosec // back lets no other site through
	return nil
}

// here returns the address of a page without its notice.
func here(r *http.Request) string {
	query := r.URL.Query()
	if query.Del("done"); len(query) == 0 {
		return r.URL.EscapedPath()
	}
	return r.URL.EscapedPath() + "?" + query.Encode()
}

// back returns the previous page of this emulator.
func back(r *http.Request) string {
	address := r.FormValue("back")
	if strings.HasPrefix(address, "/?") || strings.HasPrefix(address, webPrefix) {
		return address
	}
	return "/"
}

// call calls the API itself, so that the same rules apply to forms, but without faults, limits and
// the record for tests.
func (p *web) call(r *http.Request, method, path string, body, into any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(r.Context(), method, path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.e.managementKey)
	request.Header.Set("Content-Type", "application/json")

	entry := p.e.begin(request, "Browser", true)
	held := newHeldAnswer()
	p.e.api.ServeHTTP(held, request)
	p.e.end(entry, held.status, "", held.body.Bytes())
	p.e.logger.Info("request", "method", method, "path", withoutKeys(request.URL.Path), "status", held.status, "from", "page")
	if held.status >= http.StatusBadRequest {
		var refusal struct{ Error string }
		if err := json.Unmarshal(held.body.Bytes(), &refusal); err != nil {
			return err
		}
		return refuse(held.status, "%s", refusal.Error)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(held.body.Bytes(), into)
}

// events tells a browser only that something has changed.
func (p *web) events(w http.ResponseWriter, r *http.Request) {
	const pause = 250 * time.Millisecond // between two events
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(p.streams, cancel)() //nolint:contextcheck // it ends with the server
	for {
		changed := p.e.requests.next() // before telling the browser, so that no change is missed
		if _, err := w.Write([]byte("data: changed\n\n")); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// guard protects every path of the page. Each check is against one attack:
//
//   - the content security policy: injected scripts, and frames of another site
//   - loopback: other machines
//   - the host: another site whose name resolves to this machine (DNS rebinding)
//   - the origin, and the token: forms of another site
func (p *web) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setPolicy(w.Header())
		elsewhere := onlyHere(r, "The page is shown")
		switch {
		case elsewhere != nil:
			p.problem(w, r, elsewhere)
		case origins.Check(r) != nil:
			p.problem(w, r, refuse(http.StatusForbidden, "The form came from another site. Nothing was changed."))
		case r.Method == http.MethodPost && !p.hasToken(w, r):
			p.problem(w, r, refuse(http.StatusForbidden, "This form does not come from this emulator, or comes from an earlier run. Open the page again. Nothing was changed."))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func setPolicy(header http.Header) {
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	header.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: with that, browsers send forms with "Origin: null".
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	// A page may show a key, and it is outdated after the next request.
	header.Set("Cache-Control", "no-store")
}

func (p *web) hasToken(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	return r.ParseForm() == nil && subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(p.token)) == 1
}
