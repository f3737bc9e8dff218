package emulator

import (
	"errors"
	"sync"
	"time"
)

// maxWait is the longest wait that a test can ask for.
const maxWait = time.Hour

// maxAhead limits how far the clock of the setups can be moved, in seconds.
const maxAhead = 365 * 24 * 60 * 60

// Settings change how the API behaves. The zero value means no latency, no rate limit, no failing
// evaluators, and no creation of organizations.
type Settings struct {
	LatencyMS          int `json:"latency_ms"`
	RateLimitPerSecond int `json:"rate_limit_per_second"`

	// SetupsAheadSeconds moves the clock for the statuses of auto monitor setups.
	SetupsAheadSeconds int `json:"setups_ahead_seconds"`
	// FailingEvaluators maps the slugs of failing evaluators to reasons.
	FailingEvaluators map[string]string `json:"failing_evaluators"`
	// AllowOrganizations allows POST /v2/organizations.
	AllowOrganizations bool `json:"allow_organizations"`
}

// SetSettings replaces all settings and fills the bucket of the rate limit.
func (e *Emulator) SetSettings(next Settings) error {
	switch {
	case next.LatencyMS < 0 || next.LatencyMS > int(maxWait.Milliseconds()):
		return errors.New("latency_ms must be from 0 (none) to 3600000, an hour")
	case next.RateLimitPerSecond < 0:
		return errors.New("rate_limit_per_second must be 0 (none) or more")
	case next.SetupsAheadSeconds < 0 || next.SetupsAheadSeconds > maxAhead:
		return errors.New("setups_ahead_seconds must be from 0 to 31536000, a year")
	}
	e.settings.replace(next, e.now())
	e.requests.touch()
	return nil
}

// settings also contain the token bucket of the rate limit: one token for each request, and at most
// the tokens of one second.
type settings struct {
	mu      sync.Mutex
	current Settings
	tokens  float64
	filled  time.Time
}

func (s *settings) replace(next Settings, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.tokens, s.filled = next, float64(next.RateLimitPerSecond), now
}

func (s *settings) snapshot() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// takeToken takes a token. It returns false if none is left.
func (s *settings) takeToken(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	rate := float64(s.current.RateLimitPerSecond)
	if rate == 0 {
		return true
	}
	elapsed := max(0, now.Sub(s.filled).Seconds()) // a clock may be set back
	s.tokens = min(rate, s.tokens+elapsed*rate)
	s.filled = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}
