// Package traceloop is a client of Traceloop's API. No other package knows its paths and bodies.
//
// Client manages the projects, environments and API keys of one organization. Traceloop does not
// publish these operations: assumed.yaml in internal/contract is the contract that this project
// assumes.
//
// ProjectClient calls operations that Traceloop documents. Traceloop's OpenAPI document is in
// internal/contract/published.
package traceloop

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// DefaultBaseURL is the published address of the API.
	DefaultBaseURL = "https://api.traceloop.com"

	// DefaultRequestTimeout is the default time limit of one attempt.
	DefaultRequestTimeout = 30 * time.Second

	// DefaultMaxRetries is enough for short outages: with the waits between them, these retries
	// last 4 to 8 seconds.
	DefaultMaxRetries = 4
)

// Config configures a Client.
type Config struct {
	// BaseURL is the part of the URL before "/v2/". See ParseBaseURL for the accepted forms.
	BaseURL string

	// Key is the organization's management key; for a ProjectClient, the API key of a project
	// and environment.
	Key string

	// UserAgent is sent with each request.
	UserAgent string

	// RequestTimeout limits one attempt, including its answer. 0 means DefaultRequestTimeout.
	RequestTimeout time.Duration

	// MaxRetries limits the retries of one call after failures: no connection, a server error, an
	// unreadable answer. 0 means none. Repeats after 429 do not count; they have a time limit.
	MaxRetries int

	// Secrets are further keys that the service must not bring into an error or a log.
	Secrets []string

	// RootCAs replaces the system's certificate authorities, unless nil.
	RootCAs *x509.CertPool

	// Paths replaces the contract's paths, unless zero.
	Paths Paths
}

// connection sends requests with one key. It is safe for concurrent use.
type connection struct {
	base       *url.URL
	paths      Paths
	key        string
	secrets    []string // the key and Config.Secrets, the longest first
	userAgent  string
	maxRetries int
	transport  *http.Transport
	retrying   *retryablehttp.Client
	pause      pause
	clock      clock
}

// Client calls the management API. It is safe for concurrent use. Share one client, so that all
// calls respect a pause that the service asks for.
type Client struct {
	*connection

	projects     *cachedList[Project]
	environments *cachedList[Environment]
	apiKeys      *cachedList[APIKey]
}

// ProjectClient calls the operations that Traceloop documents: those of auto monitor setups, and
// the creation of evaluators and of an organization. It also reads and changes evaluators, as
// Traceloop's SDK does. It uses the API key of a project and environment, as Traceloop's
// documentation requires. Client has the operations that need a management key. The two types are
// separate, so that the wrong key is never sent. It is safe for concurrent use. Share one
// ProjectClient, so that reads and writes share requests.
type ProjectClient struct {
	*connection

	setups      *cachedList[AutoMonitorSetup]
	known       knownSetups
	writes      *setupWrites
	bulkMissing atomic.Bool // the service does not have bulk upserts
	evaluators  *cachedList[Evaluator]
}

// New returns a client. Its error says which part of the configuration is wrong.
func New(config Config) (*Client, error) {
	c, err := connect(config)
	if err != nil {
		return nil, err
	}
	limit := url.Values{"limit": {strconv.Itoa(pageLimit)}}
	return &Client{
		connection:   c,
		projects:     newCachedList(collection[Project]{c, c.paths.Projects, limit, readProject, func(p *Project) string { return p.ID }}),
		environments: newCachedList(collection[Environment]{c, c.paths.Environments, limit, readEnvironment, func(e *Environment) string { return e.ID }}),
		apiKeys:      newCachedList(collection[APIKey]{c, c.paths.APIKeys, limit, readAPIKey, func(k *APIKey) string { return k.ID }}),
	}, nil
}

// NewProjectClient returns a client whose Config.Key is the API key of a project and
// environment.
func NewProjectClient(config Config) (*ProjectClient, error) {
	connected, err := connect(config)
	if err != nil {
		return nil, err
	}
	c := &ProjectClient{
		connection: connected,
		known:      knownSetups{reached: map[string]bool{}, written: map[string]*AutoMonitorSetup{}},
		setups:     newCachedList(collection[AutoMonitorSetup]{connected, connected.paths.AutoMonitorSetups, nil, readListedSetup, func(s *AutoMonitorSetup) string { return s.ID }}),
		evaluators: newCachedList(collection[Evaluator]{connected, connected.paths.Evaluators, nil, readListedEvaluator, func(*Evaluator) string { return "" }}),
	}
	c.writes = &setupWrites{deliver: c.deliver}
	return c, nil
}

func connect(config Config) (*connection, error) {
	base, err := ParseBaseURL(config.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("the base URL cannot be used: %w", err)
	}
	key, err := ParseKey(config.Key)
	if err != nil {
		return nil, fmt.Errorf("the key cannot be used: %w", err)
	}
	if strings.ContainsFunc(config.UserAgent, unicode.IsControl) {
		return nil, errors.New("the user agent cannot be used: it contains a control character")
	}
	if config.RequestTimeout < 0 || config.MaxRetries < 0 {
		return nil, errors.New("the request timeout and the number of retries cannot be negative")
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = DefaultRequestTimeout
	}
	if config.Paths == (Paths{}) {
		config.Paths = contractPaths
	}
	c := &connection{
		base:       base,
		paths:      config.Paths,
		key:        key,
		userAgent:  config.UserAgent,
		maxRetries: config.MaxRetries,
		transport:  newTransport(config.RootCAs),
	}
	c.retrying = newRetrying(originOnly{c.transport}, config.RequestTimeout)
	for _, secret := range append(config.Secrets, key) {
		if secret = strings.TrimSpace(secret); secret != "" {
			c.secrets = append(c.secrets, secret)
		}
	}
	slices.SortFunc(c.secrets, func(a, b string) int { return len(b) - len(a) })
	return c, nil
}

// Paths are the paths of the collections, below the base URL. The path of an object is that of its
// collection, a slash and its id.
type Paths struct {
	Projects     string
	Environments string
	APIKeys      string

	AutoMonitorSetups     string
	AutoMonitorSetupsBulk string
	Evaluators            string
	Organizations         string
}

// contractPaths are those of assumed.yaml, which are assumed by this project, and those that
// Traceloop documents. If the real paths differ, change them here and in assumed.yaml.
var contractPaths = Paths{
	Projects:     "/v2/projects",
	Environments: "/v2/environments",
	APIKeys:      "/v2/api-keys",

	AutoMonitorSetups:     "/v2/auto-monitor-setups",
	AutoMonitorSetupsBulk: "/v2/auto-monitor-setups/bulk",
	Evaluators:            "/v2/evaluators",
	Organizations:         "/v2/organizations",
}

// HTTP returns a client that sends a request as the other methods do, once: it does not follow
// redirects, and limits the time. For checks of the contract, which need the answer unchanged.
func (c *connection) HTTP() *http.Client { return c.retrying.HTTPClient }

// NewRequest builds a request with the client's key, as the other methods do. The path is escaped
// and below the base URL. The body is encoded as JSON, unless nil.
func (c *connection) NewRequest(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	return c.newRequest(ctx, request{method: method, path: path, query: query, body: body})
}

// ParseBaseURL reads the address of the API: an https URL, or an http URL on loopback, where the
// key stays on the machine. It may have a path, for an API behind a gateway. White space around
// the URL and slashes at its end are dropped.
//
// The error completes a sentence about the URL. It contains no part that may be secret.
func ParseBaseURL(s string) (*url.URL, error) {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	if s == "" {
		return nil, errors.New("it is empty")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, errors.New("it contains white space or a control character")
	}
	u, err := url.Parse(s)
	if err != nil {
		// The text of err contains the whole URL, perhaps with a password.
		return nil, errors.New("it is not a well-formed URL")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http", u.Opaque != "":
		return nil, errors.New("it must be an https URL, such as " + DefaultBaseURL)
	case u.Hostname() == "":
		return nil, errors.New("it has no host name")
	case u.User != nil:
		return nil, errors.New("it must not contain a user name or a password")
	case strings.Contains(s, "?"):
		return nil, errors.New("it must not contain a query")
	case strings.Contains(s, "#"):
		return nil, errors.New("it must not contain a fragment")
	case strings.HasSuffix(u.Path, "/v2"):
		return nil, errors.New("it must end before /v2, which the provider adds")
	case !validPort(u.Port()):
		return nil, errors.New("its port must be a number from 1 to 65535")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("it must be an https URL; plain http is allowed only to loopback (localhost, 127.0.0.0/8, ::1), " +
			"because the network could read the management key")
	}
	return u, nil
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// BaseURL returns the address of the API.
func (c *connection) BaseURL() string { return c.base.String() }

// IsLoopback reports whether the API is on this machine, as the emulator is.
func (c *connection) IsLoopback() bool { return isLoopback(c.base.Hostname()) }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// ParseKey reads a key and drops the white space around it. It refuses a key that cannot be in an
// HTTP header.
//
// The error completes a sentence about the key. It never contains the key.
func ParseKey(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", errors.New("it is empty")
	}
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return "", errors.New("it contains white space or a control character")
		case r > unicode.MaxASCII:
			return "", errors.New("it contains a character that is not ASCII")
		}
	}
	return s, nil
}

// maxMessage limits the service's text in an error, in characters.
const maxMessage = 1000

// sanitize prepares a text of the service for an error: it masks all keys, removes line breaks and
// control characters, and limits the length.
func (c *connection) sanitize(s string) string {
	for _, secret := range c.secrets {
		s = strings.ReplaceAll(s, secret, MaskKey(secret))
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxMessage {
		s = string(runes[:maxMessage]) + "…"
	}
	return strings.TrimSpace(s)
}
