package emulator

import (
	"errors"
	"sync"
	"time"
)

// maxWait is the longest wait that a test can ask for.
const maxWait = time.Hour

// Settings slow the API down; 0 is no latency, and no limit.
type Settings struct {
	LatencyMS          int `json:"latency_ms"`
	RateLimitPerSecond int `json:"rate_limit_per_second"`
}

// SetSettings replaces both, and fills the bucket of the rate limit.
func (e *Emulator) SetSettings(next Settings) error {
	switch {
	case next.LatencyMS < 0 || next.LatencyMS > int(maxWait.Milliseconds()):
		return errors.New("latency_ms must be from 0 (none) to 3600000, an hour")
	case next.RateLimitPerSecond < 0:
		return errors.New("rate_limit_per_second must be 0 (none) or more")
	}
	e.settings.replace(next, e.now())
	e.activity.touch()
	return nil
}

// settings also hold the rate limit's token bucket: one token for each request, at most the
// tokens of one second.
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

func (s *settings) latency() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(s.current.LatencyMS) * time.Millisecond
}

// takeToken takes a token, or returns false if none is left.
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
