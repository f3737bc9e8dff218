package base

import (
	"context"

	"golang.org/x/sync/singleflight"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// KeysBefore stores which keys a project had before the first one is generated. It sends one
// list request for each project.
type KeysBefore struct {
	lists  singleflight.Group
	looked Set[string] // ids of projects
	ids    Set[string] // of keys
}

// Look lists the keys of a project, once.
func (k *KeysBefore) Look(ctx context.Context, client *traceloop.Client, projectID string) error {
	_, err, _ := k.lists.Do(projectID, func() (any, error) {
		if k.looked.Has(projectID) {
			return nil, nil
		}
		for key, err := range client.ListAPIKeysUncached(ctx, traceloop.APIKeyFilter{ProjectID: projectID}) {
			if err != nil {
				return nil, err
			}
			k.ids.Add(key.ID)
		}
		k.looked.Add(projectID)
		return nil, nil
	})
	return err
}

// Had reports whether Look found the key.
func (k *KeysBefore) Had(key traceloop.APIKey) bool { return k.ids.Has(key.ID) }
