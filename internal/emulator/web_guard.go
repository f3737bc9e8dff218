package emulator

import "net/http"

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
	return r.ParseForm() == nil && sameSecret(r.PostForm.Get("token"), p.token)
}
