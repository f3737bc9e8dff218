package base

import (
	"sync"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Monitors is what the auto monitor setups of a process share.
type Monitors struct {
	creating sync.Map // external id to *sync.Mutex

	mu    sync.Mutex
	fresh time.Time // when the client's cache was last cleared
}

// Creating lets one creation at a time look for an external id and take it. Otherwise two
// resources with one external id could both find that it is free, and a bulk upsert would replace
// the setup of the first one. It returns the function that ends the creation.
func (m *Monitors) Creating(externalID string) func() {
	value, _ := m.creating.LoadOrStore(externalID, &sync.Mutex{})
	mu, _ := value.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

// Freshen clears the client's cache unless it was cleared within that time, so that resources that
// wait at the same time share a list.
func (m *Monitors) Freshen(now time.Time, within time.Duration, client *traceloop.ProjectClient) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.fresh) >= within {
		m.fresh = now
		client.ForgetAutoMonitorSetups()
	}
}
