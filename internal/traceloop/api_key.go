package traceloop

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// APIKey is an active key of a project and environment, without its secret value.
type APIKey struct {
	ID          string
	ProjectID   string
	Environment string // the environment's slug
	MaskedKey   string // see MaskMatches; may be empty
	CreatedAt   time.Time
}

func readAPIKey(f *fields) APIKey {
	var revoked time.Time
	switch err := json.Unmarshal(f.raw["revoked_at"], &revoked); string(f.raw["revoked_at"]) {
	case "", "null", `""`, "false", "0": // zero values stand for none
	default:
		if err != nil || revoked.Year() > 1 { // and so does that of Go
			f.gone = "The key is revoked."
		}
	}
	return APIKey{
		ID:          f.text("id"),
		ProjectID:   f.text("project_id"),
		Environment: f.text("environment"),
		MaskedKey:   f.optionalText("masked_key"),
		CreatedAt:   f.time("created_at"),
	}
}

// GeneratedAPIKey is a new key with its value, which the service shows only once.
type GeneratedAPIKey struct {
	APIKey // without an id, if neither the answer nor the list has it

	// Key is the secret. fmt and encoding/json do not show it.
	Key string `json:"-"`
}

// readGeneratedAPIKey needs only the secret, so that no secret is ever lost.
func readGeneratedAPIKey(f *fields, r APIKeyRequest) GeneratedAPIKey {
	key := GeneratedAPIKey{APIKey: readAPIKey(f.lenient()), Key: f.text("api_key")}
	key.ProjectID = cmp.Or(key.ProjectID, r.ProjectID)
	key.Environment = cmp.Or(key.Environment, r.Environment)
	if strings.Contains(key.MaskedKey, key.Key) { // the state may not hold the key itself
		key.MaskedKey = MaskKey(key.Key)
	}
	return key
}

// Format never writes the secret.
func (k GeneratedAPIKey) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "%+v", k.APIKey)
}

// APIKeyRequest names the project of a new key, and the slug of one of its environments.
type APIKeyRequest struct {
	ProjectID   string `json:"project_id"`
	Environment string `json:"environment"`
}

// APIKeyFilter restricts a list to one project, to one environment's slug, or to both.
type APIKeyFilter struct {
	ProjectID   string
	Environment string
}

func (f APIKeyFilter) query() url.Values {
	query := url.Values{}
	if f.ProjectID != "" {
		query.Set("project_id", f.ProjectID)
	}
	if f.Environment != "" {
		query.Set("environment", f.Environment)
	}
	return query
}

func (f APIKeyFilter) selects(k *APIKey) bool {
	return (f.ProjectID == "" || f.ProjectID == k.ProjectID) && (f.Environment == "" || f.Environment == k.Environment)
}

// ListAPIKeys yields the active keys, in any order. It uses the client's cache if that has the
// answer. An error comes last; IsNotFound means that the filter's project does not exist.
func (c *Client) ListAPIKeys(ctx context.Context, filter APIKeyFilter) iter.Seq2[APIKey, error] {
	if filter == (APIKeyFilter{}) {
		return c.apiKeys.all(ctx)
	}
	return c.apiKeys.where(ctx, filter.query(), filter.selects, func(keys []APIKey) (bool, error) {
		if len(keys) > 0 {
			return true, nil
		}
		if filter.ProjectID == "" || filter.Environment != "" { // a single key needs its own request anyway
			return false, nil
		}
		return c.projectExists(ctx, filter.ProjectID) // reads of projects share requests, filtered lists of keys do not
	})
}

// projectExists returns the service's 404 if the project does not exist, and false if the service
// does not say.
func (c *Client) projectExists(ctx context.Context, id string) (bool, error) {
	_, err := c.projects.get(ctx, id)
	if IsNotFound(err) {
		return false, err
	}
	return err == nil, nil
}

// ListAPIKeysUncached is ListAPIKeys without the cache. Use it before changing what the list shows,
// and to confirm that something is missing. With both parts of the filter it looks for one key, perhaps to
// revoke it: then a list that shows another key, because the service ignores the filter, is an error.
func (c *Client) ListAPIKeysUncached(ctx context.Context, filter APIKeyFilter) iter.Seq2[APIKey, error] {
	list := c.apiKeys.collection
	if filter.ProjectID != "" && filter.Environment != "" {
		list.read = func(f *fields) APIKey {
			key := readAPIKey(f)
			if f.gone == "" && !filter.selects(&key) {
				f.fail("it shows a key, and it is not of the project and environment that were asked for")
			}
			return key
		}
	}
	return list.list(ctx, filter.query())
}

// CreateAPIKey generates a key. If the environment already has one, the error is a conflict (see
// IsConflict). After an *UnknownOutcomeError a key may be active whose value is lost: the service
// never shows it again, so it can only be revoked.
func (c *Client) CreateAPIKey(ctx context.Context, r APIKeyRequest) (*GeneratedAPIKey, error) {
	defer invalidate(c.apiKeys)()
	key, err := object(ctx, c.connection, request{method: http.MethodPost, path: c.paths.APIKeys, body: r}, func(f *fields) GeneratedAPIKey {
		return readGeneratedAPIKey(f, r)
	})
	if err == nil && key.ID == "" {
		key.APIKey = c.listed(context.WithoutCancel(ctx), r, *key)
	}
	if err == nil {
		key.CreatedAt = c.orNow(key.CreatedAt)
	}
	if IsNotFound(err) { // somebody else deleted the project or the environment
		c.projects.forget()
		c.environments.forget()
	}
	return key, err
}

// listed returns a key as the list shows it, for the id that the answer to its generation lacks. An
// environment holds one key, so it is this one unless its mask is that of another.
func (c *Client) listed(ctx context.Context, r APIKeyRequest, generated GeneratedAPIKey) APIKey {
	for key, err := range c.ListAPIKeysUncached(ctx, APIKeyFilter(r)) {
		if matches, _ := MaskMatches(key.MaskedKey, generated.Key); err == nil && matches {
			return key
		}
	}
	return generated.APIKey
}

// GetAPIKey reads a key. For a revoked key, the error satisfies IsNotFound.
func (c *Client) GetAPIKey(ctx context.Context, id string) (*APIKey, error) {
	return c.apiKeys.get(ctx, id)
}

// RevokeAPIKey revokes a key. It cannot be undone.
func (c *Client) RevokeAPIKey(ctx context.Context, id string) error {
	defer invalidate(c.apiKeys)()
	return c.apiKeys.remove(ctx, id)
}
