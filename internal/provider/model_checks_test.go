package provider_test

import (
	"pgregory.net/rapid"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// secrets checks where a key's plain text is, and that it is the right one.
func (m *machine) secrets(sl *slot) {
	if sl.kind != keyKind || sl.state.value.IsNull() {
		return
	}
	key, sealed, recipients := m.text(sl.state, "key"), m.text(sl.state, "encrypted_key"), m.oracle.collection(sl.state, "age_recipients")
	if recipients != nil && (plainKey.MatchString(sl.state.value.String()) || plainKey.Match(sl.state.private)) {
		m.t.Errorf("%s: the state shows the plain text of a sealed key", sl.label)
	}
	if sealed != "" && recipients == nil {
		m.t.Errorf("%s: the key is sealed, to nobody", sl.label)
	}
	for _, recipient := range recipients {
		if sealed == "" {
			break // imported without the plain text
		}
		opened, err := decrypt(sealed, m.identities[recipient])
		if err != nil {
			m.t.Errorf("%s: %v", sl.label, err)
		}
		key = opened
	}
	if key == "" {
		return
	}
	if masked := m.text(sl.state, "masked_key"); traceloop.MaskKey(key) != masked {
		m.t.Errorf("%s: the key in the state is not the one with the mask %s", sl.label, masked)
	}
	want := 401
	if m.snapshot().has(m.id(sl)) {
		want = 200
	}
	answers(m.t, m.server, key, want)
}

// planIsEmpty plans once more.
func (m *machine) planIsEmpty(sl *slot) {
	d := m.process(0)
	refreshed, err := d.refresh(m.t.Context(), sl.kind, sl.state)
	if err != nil {
		m.t.Fatalf("%s: %v", sl.label, err)
	}
	if p, err := d.plan(m.t.Context(), sl.kind, refreshed, sl.config); err != nil || p.action != "" {
		m.t.Errorf("%s: after the apply a plan wants to %s: %v", sl.label, p.action, err)
	}
}

// check holds after every step.
func (m *machine) check(*rapid.T) {
	all, held := m.snapshot(), map[string]bool{}
	d := m.process(0)
	for _, sl := range m.slots {
		id := m.id(sl)
		if id == "" {
			continue
		}
		if held[id] {
			m.t.Errorf("%s: %s is in the state twice", sl.label, id)
		}
		held[id] = true
		// What the state has the server has, or else a refresh says that it is gone.
		refreshed, err := d.refresh(m.t.Context(), sl.kind, sl.state)
		if err != nil {
			m.t.Errorf("%s: refreshing: %v", sl.label, err)
			continue
		}
		if gone := refreshed.value.IsNull(); gone == all.has(id) {
			m.t.Errorf("%s: the server has %s: %t; a refresh finds it gone: %t", sl.label, id, all.has(id), gone)
		}
		equalsServer(m.t, m.server, sl.kind, refreshed)
	}
	for id := range all.keys {
		if !held[id] && m.plain[id] == "" && !m.excused[id] {
			m.t.Errorf("the key %s is active, and nobody has it", id)
		}
	}
}
