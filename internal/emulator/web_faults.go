package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// preset is a fault with a title that says what a user sees.
type preset struct {
	Name, Title, Text string
	fault             Fault
}

var presets = []preset{
	{
		"lost-key", "Lose the answer that has a key in it", "The next API key is generated, but the connection breaks before the answer.",
		Fault{Method: http.MethodPost, Path: "/v2/api-keys", Kind: faultDropAfter, Times: 1},
	},
	{
		"half-way", "Fail half-way", "The next creation succeeds. The 20 after it are refused with status 500.",
		Fault{Method: http.MethodPost, Path: "/v2/", Kind: faultStatus, Status: http.StatusInternalServerError, After: 1, Times: 20},
	},
	{
		"outage", "Be down for a moment", "The next 3 requests get status 503, with Retry-After: 1 second.",
		Fault{Path: "/v2/", Kind: faultStatus, Status: http.StatusServiceUnavailable, RetryAfter: new(1), Times: 3},
	},
	{
		"sign-in", "Answer like a proxy", "The next request gets a sign-in page with status 200 instead of JSON.",
		Fault{Path: "/v2/", Kind: faultGarbage, Times: 1},
	},
	{
		"cut-off", "Cut an answer in the middle", "The next request is carried out, and half of its answer arrives.",
		Fault{Path: "/v2/", Kind: faultTruncate, Times: 1},
	},
	{
		"slow", "Be slow", "The next 10 requests take 3 seconds more.",
		Fault{Path: "/v2/", Kind: faultDelay, MS: 3000, Times: 10},
	},
}

var kindText = map[string]string{
	faultDropBefore: "close the connection, and do nothing",
	faultDropAfter:  "carry out the request, then close the connection",
	faultTruncate:   "carry out the request, and send half of the answer",
	faultGarbage:    "carry out the request, and answer with an HTML page",
	faultHuge:       "carry out the request, and send an endless answer",
}

type faultsView struct {
	Planned  []plannedFault
	Presets  []preset
	Settings Settings
}

func (p *web) faults(w http.ResponseWriter, r *http.Request) error {
	v := faultsView{p.e.faults.snapshot(), presets, p.e.settings.snapshot()}
	return p.show(w, r, http.StatusOK, "faults", view{Title: "Faults", Tab: "faults", Data: v})
}

// Left is how many requests it still hits, and Waits how many others come first.
func (f plannedFault) Left() int  { return f.Times - f.hits }
func (f plannedFault) Waits() int { return max(0, f.After-f.seen) }

// What says what happens to a request.
func (f plannedFault) What() string {
	switch f.Kind {
	case faultStatus:
		return strings.TrimSpace(fmt.Sprintf("answer with status %d %s", f.Status, http.StatusText(f.Status)))
	case faultDelay:
		return fmt.Sprintf("wait %s ms, then answer", thousands(f.MS))
	}
	return kindText[f.Kind]
}

// Details of a status.
func (f plannedFault) Details() string {
	var details []string
	if f.RetryAfter != nil {
		details = append(details, fmt.Sprintf("Retry-After: %d", *f.RetryAfter))
	}
	if f.Done {
		details = append(details, "the request is carried out")
	}
	if f.Body != nil {
		details = append(details, "with its own body")
	}
	return strings.Join(details, ", ")
}

// Which says which requests it hits.
func (f plannedFault) Which() string {
	return cmp.Or(f.Method, "any method") + " " + cmp.Or(f.Path, "/") + "…"
}

func (p *web) addPreset(w http.ResponseWriter, r *http.Request) error {
	i := slices.IndexFunc(presets, func(known preset) bool { return known.Name == r.PostForm.Get("preset") })
	if i < 0 {
		return refuse(http.StatusBadRequest, "There is no such preset.")
	}
	p.e.faults.add(false, presets[i].fault)
	p.e.requests.touch()
	return goBack(w, r, "fault-added")
}

func (p *web) removeFault(w http.ResponseWriter, r *http.Request) error {
	number, err := strconv.Atoi(r.PostForm.Get("number"))
	if err != nil {
		return refuse(http.StatusBadRequest, "The form does not name a fault.")
	}
	p.e.faults.remove(number)
	p.e.requests.touch()
	return goBack(w, r, "fault-removed")
}

func (p *web) removeFaults(w http.ResponseWriter, r *http.Request) error {
	if err := p.e.SetFaults(); err != nil {
		return err
	}
	return goBack(w, r, "faults-removed")
}

// changeSettings keeps settings that are not in the form.
func (p *web) changeSettings(w http.ResponseWriter, r *http.Request) error {
	settings := p.e.settings.snapshot()
	for name, into := range map[string]*int{"latency_ms": &settings.LatencyMS, "rate_limit_per_second": &settings.RateLimitPerSecond} {
		n, err := strconv.Atoi(strings.TrimSpace(r.PostForm.Get(name)))
		if err != nil {
			return refuse(http.StatusBadRequest, "The settings were not changed: %s must be a whole number, not %q.", name, r.PostForm.Get(name))
		}
		*into = n
	}
	settings.AllowOrganizations = r.PostForm.Get("allow_organizations") != ""
	if err := p.e.SetSettings(settings); err != nil {
		return refuse(http.StatusBadRequest, "The settings were not changed: %v.", err)
	}
	return goBack(w, r, "settings-changed")
}
