package servicecheck

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object of an answer.
type object map[string]any

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// answer is the answer to a request.
type answer struct {
	sent   string // the request, in the contract's terms
	err    error  // why there is no answer
	status int
	media  string
	body   []byte
	value  any // the body, if it is JSON
}

// object returns the body if it is an object, or nil.
func (a *answer) object() object {
	o, _ := a.value.(map[string]any)
	return o
}

// objects returns the elements of a body that is a list; nil for an element that is not an object.
func (a *answer) objects() []object { return object{"": a.value}.objects("") }

// good reports whether the status means success.
func (a *answer) good() bool { return a.err == nil && a.status/100 == 2 }

// answers checks that an answer has the status, and unless it is 204 an object without a problem.
// problem may be nil.
func (a *answer) answers(status int, problem func(object) string) verdict {
	want := strconv.Itoa(status)
	switch v := a.comes(status); {
	case v.outcome != holds:
		return v
	case status == http.StatusNoContent && len(a.body) > 0:
		return a.verdict(differs, want+" without a body", "")
	case status == http.StatusNoContent:
		return itHolds
	case !isJSON(a.media) || a.object() == nil:
		return a.verdict(differs, want+" with a JSON object", "")
	}
	if problem != nil {
		if wrong := problem(a.object()); wrong != "" {
			return a.verdict(differs, "", wrong)
		}
	}
	return itHolds
}

// comes checks only the status.
func (a *answer) comes(status int) verdict {
	want := strconv.Itoa(status)
	switch {
	case a.err != nil:
		return a.noAnswer()
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return a.verdict(notAllowed, want, "")
	case isAbsent(a.status):
		return a.verdict(notThere, want, "")
	case a.status != status:
		return a.verdict(differs, want, "")
	}
	return itHolds
}

// lists checks that an answer is a list of objects without a problem.
func (a *answer) lists(problem func([]object) string) verdict {
	const want = "200 with a JSON list of objects"
	if v := a.comes(http.StatusOK); v.outcome != holds {
		return v
	}
	if _, is := a.value.([]any); !is || !isJSON(a.media) || slices.ContainsFunc(a.objects(), func(o object) bool { return o == nil }) {
		return a.verdict(differs, want, "")
	}
	if wrong := problem(a.objects()); wrong != "" {
		return a.verdict(differs, "", wrong)
	}
	return itHolds
}

// isAbsent reports whether a status can mean that the operation does not exist.
func isAbsent(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

// refuses checks that an answer is a refusal with the status, in the API's format.
func (a *answer) refuses(status int) verdict {
	want := fmt.Sprintf(`%d {"error": "message"}`, status)
	switch message, _ := a.object()["error"].(string); {
	case a.err != nil:
		return a.noAnswer()
	case a.status == http.StatusForbidden && status != http.StatusForbidden && status != http.StatusUnauthorized:
		return a.verdict(notAllowed, want, "")
	case isAbsent(a.status) && !isAbsent(status):
		return a.verdict(notThere, want, "")
	case a.status != status, !isJSON(a.media), message == "":
		return a.verdict(differs, want, "")
	}
	return itHolds
}

func (a *answer) verdict(o outcome, want, problem string) verdict {
	came := a.describe()
	if problem != "" {
		came += ": " + problem
	}
	return verdict{outcome: o, sent: a.sent, want: want, came: came}
}

func (a *answer) noAnswer() verdict {
	return verdict{outcome: noAnswer, sent: a.sent, came: "no answer", private: a.err.Error()}
}

// describe describes an answer without its values.
func (a *answer) describe() string {
	parts := []string{strconv.Itoa(a.status)}
	switch {
	case len(a.body) == 0:
		parts = append(parts, "without a body")
	case a.value == nil:
		parts = append(parts, a.shownMedia()+", not JSON")
	case !isJSON(a.media):
		parts = append(parts, a.shownMedia(), shape(a.value, 0))
	default:
		parts = append(parts, shape(a.value, 0))
	}
	return strings.Join(parts, " ")
}

func (a *answer) shownMedia() string {
	switch a.media {
	case "":
		return "without a content type"
	case "application/json", "application/problem+json", "text/html", "text/plain", "application/xml", "text/xml":
		return a.media
	default:
		return "of another content type"
	}
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

func readMedia(header http.Header) string {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

func readJSON(body []byte) any {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil
	}
	return value
}
