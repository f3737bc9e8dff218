package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const requestsShown = 200

type activityView struct {
	All    bool // also requests that change nothing
	Events []eventView
}

// eventView is a row of the page.
type eventView struct {
	Time, Who, Method, Path, Name, Why, Status, Fault, Duration, Class string
}

func (p *web) activity(w http.ResponseWriter, r *http.Request) error {
	v := activityView{All: r.URL.Query().Get("show") == "all"}
	for _, entry := range p.e.requests.last(requestsShown, func(entry *loggedRequest) bool {
		return v.All || entry.Method != http.MethodGet && entry.Path != "/v1/traces"
	}) {
		v.Events = append(v.Events, newEventView(entry))
	}
	return p.show(w, r, http.StatusOK, "activity", view{Title: "What happened", Tab: "activity", Data: v})
}

func newEventView(e loggedRequest) eventView {
	v := eventView{
		Time: e.at.Format("15:04:05.000"), Who: e.who, Method: shorten(e.Method), Path: e.what.path, Name: e.what.name, Why: e.why, Fault: e.Fault,
		Status: strconv.Itoa(e.Status), Duration: thousands(e.duration.Milliseconds()) + " ms", Class: "good",
	}
	switch {
	case !e.ended:
		v.Status, v.Duration, v.Class = "in flight", "", "quiet"
	case e.Status == 0:
		v.Status, v.Class = "no answer", "bad"
	case e.Status >= http.StatusInternalServerError:
		v.Class = "bad"
	case e.Status >= http.StatusBadRequest:
		v.Class = "warn"
	}
	return v
}

// age returns how long ago a time of the API was, in the largest unit that fits.
func age(timestamp string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return timestamp
	}
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
	at, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return timestamp
	}
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
	var b strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}
