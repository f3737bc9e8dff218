package base

import (
	"context"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// KeysBefore stores which keys a project had before the first one is generated. It sends one
// list request for each project.
type KeysBefore struct {
	lists singleflight.Group

	mu   sync.Mutex
	keys map[string]map[string]string // ids by project id and environment slug
}

// Look lists the keys of a project, once.
func (k *KeysBefore) Look(ctx context.Context, client *traceloop.Client, projectID string) error {
	_, err, _ := k.lists.Do(projectID, func() (any, error) {
		if k.hasLooked(projectID) {
			return nil, nil
		}
		keys := map[string]string{}
		for key, err := range client.ListAPIKeysUncached(ctx, traceloop.APIKeyFilter{ProjectID: projectID}) {
			if err != nil {
				return nil, err
			}
			keys[key.Environment] = key.ID
		}
		k.set(projectID, keys)
		return nil, nil
	})
	return err
}

// CreatedProject notes a new project, which has no keys.
func (k *KeysBefore) CreatedProject(projectID string) {
	k.set(projectID, map[string]string{})
}

func (k *KeysBefore) set(projectID string, keys map[string]string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]map[string]string{}
	}
	k.keys[projectID] = keys
}

func (k *KeysBefore) hasLooked(projectID string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, looked := k.keys[projectID]
	return looked
}

// Had reports whether look found the key.
func (k *KeysBefore) Had(key traceloop.APIKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[key.ProjectID][key.Environment] == key.ID
}

// KeysRead stores which keys this process has read. A key is due only in a process that has read it, so
// that an apply never rotates a key that its plan did not.
type KeysRead struct {
	mu  sync.Mutex
	ids map[string]bool
}

// Add notes a key. It reports whether the key was read before.
func (k *KeysRead) Add(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ids == nil {
		k.ids = map[string]bool{}
	}
	before := k.ids[id]
	k.ids[id] = true
	return before
}

// Has reports whether this process has read a key.
func (k *KeysRead) Has(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ids[id]
}
