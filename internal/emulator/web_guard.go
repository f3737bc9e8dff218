package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// guard protects every path of the page. Each check is against one attack:
//
//   - the content security policy: injected scripts, and frames of another site
//   - the host: another site whose name resolves to this machine (DNS rebinding)
//   - the key, or loopback: other machines
//   - the origin, and the token: forms of another site
func (p *web) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setPolicy(w.Header())
		switch {
		case !p.needKey && !isLocalHost(r.Host):
			p.problem(w, r, wrongHost(r.Host))
		case !p.needKey && !isFromLoopback(r):
			p.problem(w, r, refuse(http.StatusForbidden, "The page is shown only on the machine that the emulator runs on, unless it was started with -allow-remote."))
		case origins.Check(r) != nil:
			p.problem(w, r, refuse(http.StatusForbidden, "The form came from another site. Nothing was changed."))
		case p.needKey && !isOpen(r) && !p.signedIn(r):
			if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == webPrefix+"events" {
				p.problem(w, r, refuse(http.StatusUnauthorized, "Sign in first. Nothing was changed."))
				return
			}
			http.Redirect(w, r, webPrefix+"sign-in", http.StatusSeeOther)
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

func wrongHost(host string) error {
	return refuse(http.StatusForbidden, "The address has the host %q. Use 127.0.0.1 or localhost, because another name may belong to another site.", host)
}

// isLocalHost reports whether no other site can have the Host header: an address, or a name that is
// reserved for this machine.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func isFromLoopback(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && remote.Addr().Unmap().IsLoopback()
}

func (p *web) hasToken(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	return r.ParseForm() == nil && sameSecret(r.PostForm.Get("token"), p.token(r))
}

// token is in every form, and another site cannot read it. It belongs to the session, so that
// the token of the sign-in form works for no one else.
func (p *web) token(r *http.Request) string {
	session := ""
	if cookie, err := r.Cookie(sessionCookie); err == nil && p.needKey {
		session = cookie.Value
	}
	mac := hmac.New(sha256.New, []byte(p.secret))
	mac.Write([]byte(session))
	return hex.EncodeToString(mac.Sum(nil))
}

// isOpen reports whether a path needs no sign-in.
func isOpen(r *http.Request) bool {
	name, ok := strings.CutPrefix(r.URL.Path, webPrefix)
	if !ok {
		return false
	}
	return name == "sign-in" || slices.Contains(webAssets, name)
}

// The management key is entered once, in a form; after that, a cookie identifies the session. With
// basic authentication, browsers would send the key with each request, also with requests from
// other sites. SameSite prevents that for the cookie.
const (
	sessionCookie = "traceloop_emulator_session"
	sessionLength = 12 * time.Hour
	maxSessions   = 100
)

// sessions are identified by the hash of their cookie.
type sessions struct {
	mu   sync.Mutex
	ends map[[sha256.Size]byte]time.Time
}

func (s *sessions) begin(now time.Time) (cookie string) {
	cookie = rand.Text() + rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends == nil {
		s.ends = map[[sha256.Size]byte]time.Time{}
	}
	var oldest [sha256.Size]byte
	for id, end := range s.ends {
		if end.Before(now) {
			delete(s.ends, id)
		} else if first, ok := s.ends[oldest]; !ok || end.Before(first) {
			oldest = id
		}
	}
	if len(s.ends) >= maxSessions {
		delete(s.ends, oldest)
	}
	s.ends[sha256.Sum256([]byte(cookie))] = now.Add(sessionLength)
	return cookie
}

func (s *sessions) valid(cookie string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[sha256.Sum256([]byte(cookie))].After(now)
}

func (s *sessions) end(cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ends, sha256.Sum256([]byte(cookie)))
}

func (p *web) signedIn(r *http.Request) bool {
	cookie, err := r.Cookie(sessionCookie)
	return err == nil && p.sessions.valid(cookie.Value, time.Now())
}

func (p *web) signInForm(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, "sign-in", view{Title: "Sign in"})
}

func (p *web) signIn(w http.ResponseWriter, r *http.Request) error {
	hash := sha256.Sum256([]byte(strings.TrimSpace(r.PostForm.Get("management_key"))))
	if !sameSecret(string(hash[:]), string(p.e.managementKeyHash[:])) {
		return p.show(w, r, http.StatusForbidden, "sign-in", view{Title: "Sign in", Problem: "That is not the management key of this emulator. It prints the key when it starts."})
	}
	p.setSession(w, r, p.sessions.begin(time.Now()), int(sessionLength.Seconds()))
	return done303(w, r, "/", "")
}

func (p *web) signOut(w http.ResponseWriter, r *http.Request) error {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		p.sessions.end(cookie.Value)
	}
	p.setSession(w, r, "", -1)
	return done303(w, r, webPrefix+"sign-in", "")
}

func (p *web) setSession(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // without TLS, browsers do not send a Secure cookie
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
}
