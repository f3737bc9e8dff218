package traceloop

import (
	"strings"
	"testing"
	"time"
)

func TestParseBaseURL(t *testing.T) {
	for in, want := range map[string]string{
		DefaultBaseURL:                    DefaultBaseURL,
		" https://api.traceloop.com/ \n":  "https://api.traceloop.com",
		"https://gateway.test:8443/tl///": "https://gateway.test:8443/tl",
		"https://gateway.test/a%2Fb/":     "https://gateway.test/a%2Fb",
		"HTTPS://api.traceloop.com":       "https://api.traceloop.com",
		"https://[2001:db8::1]:8443":      "https://[2001:db8::1]:8443",
		"http://localhost:4319":           "http://localhost:4319",
		"http://LOCALHOST":                "http://LOCALHOST",
		"http://127.0.0.1:4319/":          "http://127.0.0.1:4319",
		"http://127.9.8.7":                "http://127.9.8.7",
		"http://[::1]:4319":               "http://[::1]:4319",
	} {
		got, err := ParseBaseURL(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseBaseURL(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	const (
		notHTTPS = "it must be an https URL"
		noHost   = "it has no host name"
		spaces   = "it contains white space or a control character"
	)
	for in, want := range map[string]string{
		"":                                     "it is empty",
		" \t":                                  "it is empty",
		"/":                                    "it is empty",
		"api.traceloop.com":                    notHTTPS,
		"localhost:4319":                       notHTTPS,
		"//api.traceloop.com":                  notHTTPS,
		"ftp://api.traceloop.com":              notHTTPS,
		"https:api.traceloop.com":              notHTTPS,
		"http://api.traceloop.com":             "plain http is allowed only to loopback",
		"http://10.0.0.1":                      "plain http is allowed only to loopback",
		"http://localhost.evil.test":           "plain http is allowed only to loopback",
		"http://127.0.0.1.evil.test":           "plain http is allowed only to loopback",
		"http://[::]":                          "plain http is allowed only to loopback",
		"https://":                             noHost,
		"https:///v2":                          noHost,
		"https://:443":                         noHost,
		"https://user:hunter2@host.test":       "user name or a password",
		"https://hunter2@host.test":            "user name or a password",
		"http://127.0.0.1@host.test":           "user name or a password",
		"https://host.test?key=hunter2":        "it must not contain a query",
		"https://host.test/?":                  "it must not contain a query",
		"https://host.test/#hunter2":           "it must not contain a fragment",
		"https://host.test#":                   "it must not contain a fragment",
		"https://host.test:0":                  "its port must be",
		"https://host.test:65536":              "its port must be",
		"https://host.test:port":               "it is not a well-formed URL",
		"https://user:hunter2@ho%zzst.test":    "it is not a well-formed URL",
		"https://host.test/a b":                spaces,
		"https://host.test\r\nX: hunter2":      spaces,
		"https://host.test/\x00":               spaces,
		"https://host.test/\u2028x":            spaces,
		"https://user:hunter2\x7f@host.test/x": spaces,
	} {
		got, err := ParseBaseURL(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseBaseURL(%q) = %v, %v; want %q", in, got, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("ParseBaseURL(%q): %q shows a secret", in, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	for _, in := range []string{testKey, " " + testKey + "\n"} {
		if got, err := ParseKey(in); err != nil || got != testKey {
			t.Errorf("ParseKey(%q) = %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"":                  "it is empty",
		" \n":               "it is empty",
		"hunter2 hunter2":   "it contains white space or a control character",
		"hunter2\nhunter2":  "it contains white space or a control character",
		"hunter2\x00":       "it contains white space or a control character",
		"hunter2\x7fx":      "it contains white space or a control character",
		"hunter2\u00a0x":    "it contains white space or a control character",
		"hunter2é":          "it contains a character that is not ASCII",
		"hunter2\xff":       "it contains a character that is not ASCII",
		"\u200bhunter2copy": "it contains a character that is not ASCII",
	} {
		got, err := ParseKey(in)
		if err == nil || err.Error() != want || got != "" {
			t.Errorf("ParseKey(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestNew(t *testing.T) {
	good := Config{BaseURL: DefaultBaseURL, Key: testKey}
	c, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP().Timeout != DefaultRequestTimeout || c.maxRetries != 0 {
		t.Errorf("got %s and %d retries, want %s and none", c.HTTP().Timeout, c.maxRetries, DefaultRequestTimeout)
	}
	for want, change := range map[string]func(*Config){
		"the base URL cannot be used: it is empty": func(c *Config) { c.BaseURL = "" },
		"the key cannot be used: it is empty":      func(c *Config) { c.Key = "" },
		"the user agent cannot be used":            func(c *Config) { c.UserAgent = "a\r\nb: c" },
		"cannot be negative":                       func(c *Config) { c.MaxRetries = -1 },
		"timeout and the number":                   func(c *Config) { c.RequestTimeout = -time.Second },
	} {
		config := good
		change(&config)
		if c, err := New(config); c != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v; want %q", c, err, want)
		}
	}
}
