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
	Changes bool // show only requests that change something
	Events  []eventView
	Total   uint64
}

// eventView adds the text and style of a row to a request.
type eventView struct {
	event
	Time, Who, Method, Path, Status, Fault, Duration, Class string
}

func (p *web) activity(w http.ResponseWriter, r *http.Request) error {
	v := activityView{Changes: r.URL.Query().Get("only") == "changes"}
	events, total := p.e.activity.last(requestsShown, func(e event) bool {
		return !v.Changes || e.method != http.MethodGet && e.path != "/v1/traces"
	})
	v.Total = total
	for _, e := range events {
		v.Events = append(v.Events, newEventView(e))
	}
	return p.show(w, r, http.StatusOK, "activity", view{Title: "What happened", Tab: "activity", Data: v})
}

func newEventView(e event) eventView {
	v := eventView{
		event: e, Time: e.at.Format("15:04:05.000"), Who: e.who, Method: e.method, Path: e.path, Fault: e.fault,
		Status: strconv.Itoa(e.status), Duration: shortDuration(e.duration), Class: "good",
	}
	switch {
	case !e.ended:
		v.Status, v.Duration, v.Class = "in flight", "", "quiet"
	case e.status == 0:
		v.Status, v.Class = "no answer", "bad"
	case e.status >= http.StatusInternalServerError:
		v.Class = "bad"
	case e.status >= http.StatusBadRequest:
		v.Class = "warn"
	}
	return v
}

func shortDuration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
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
