package traceloop

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// ProjectClient calls the operations that Traceloop documents: those of auto monitor setups, and
// the creation of evaluators and of an organization. It also reads and changes evaluators, as
// Traceloop's SDK does. It uses the API key of a project and environment, as Traceloop's
// documentation requires. Client has the operations that need a management key. The two types are
// separate, so that the wrong key is never sent. It is safe for concurrent use. Share one
// ProjectClient, so that reads and writes share requests.
type ProjectClient struct {
	client     *Client
	setups     *setupList
	writes     *setupWrites
	evaluators *sharedList[Evaluator]

	bulkMissing atomic.Bool // the service does not have bulk upserts
}

// NewProjectClient returns a client whose Config.Key is the API key of a project and
// environment.
func NewProjectClient(config Config) (*ProjectClient, error) {
	client, err := New(config)
	if err != nil {
		return nil, err
	}
	c := &ProjectClient{client: client, setups: newSetupList(client)}
	c.writes = &setupWrites{deliver: c.deliver}
	c.evaluators = newSharedList(c.ListEvaluatorsUncached)
	return c, nil
}

// BaseURL returns the address of the API.
func (c *ProjectClient) BaseURL() string { return c.client.BaseURL() }

// IsLoopback reports whether the API is on this machine, as the emulator is.
func (c *ProjectClient) IsLoopback() bool { return c.client.IsLoopback() }

// Paths returns the paths that this client calls.
func (c *ProjectClient) Paths() Paths { return c.client.Paths() }

// HTTP is that of Client.
func (c *ProjectClient) HTTP() *http.Client { return c.client.HTTP() }

// NewRequest is that of Client.
func (c *ProjectClient) NewRequest(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	return c.client.NewRequest(ctx, method, path, query, body)
}

// Now is that of Client.
func (c *ProjectClient) Now() (time.Time, bool) { return c.client.Now() }
