package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const requestsShown = 200

type activityView struct {
	All    bool // also requests that change nothing
	Events []loggedRequest
}

func (p *web) activity(w http.ResponseWriter, r *http.Request) error {
	v := activityView{All: r.URL.Query().Get("show") == "all"}
	v.Events = p.e.requests.last(requestsShown, func(entry *loggedRequest) bool {
		return v.All || entry.Method != http.MethodGet && entry.Path != "/v1/traces"
	})
	return p.show(w, r, http.StatusOK, "activity", view{Title: "What happened", Tab: "activity", Data: v})
}

// State returns the status in words, and how good it is.
func (l loggedRequest) State() struct{ Text, Class string } {
	state := struct{ Text, Class string }{strconv.Itoa(l.Status), "good"}
	switch {
	case !l.Ended:
		state.Text, state.Class = "in flight", "quiet"
	case l.Status == 0:
		state.Text, state.Class = "no answer", "bad"
	case l.Status >= http.StatusInternalServerError:
		state.Class = "bad"
	case l.Status >= http.StatusBadRequest:
		state.Class = "warn"
	}
	return state
}

// age returns how long ago a time of the API was, in the largest unit that fits.
func age(timestamp string, now time.Time) string {
	at, _ := time.Parse(time.RFC3339, timestamp)
	d := now.Sub(at)
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if n := int(d / unit.length); n > 0 {
			return count(n, unit.name)
		}
	}
	return "less than a minute"
}

// clock formats a time of the API for people.
func clock(timestamp string) string {
	at, _ := time.Parse(time.RFC3339, timestamp)
	return at.UTC().Format("2 January 2006, 15:04:05 UTC")
}

func count(n any, what string) string {
	if number := thousands(n); number != "1" {
		return number + " " + what + "s"
	}
	return "1 " + what
}

// thousands accepts any integer type; the value must not be negative.
func thousands(n any) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
