package main

import (
	"strings"
	"testing"
	"time"
)

// A target that is missed is an error, and the table says which one.
func TestReport(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		slow     string // the measurement that takes twice as long
		requests int    // of a plan
		missed   string // the row that says no
	}{
		"all met":           {"", mostRequests, ""},
		"a slow plan":       {"Plan, traceloop", 1, "| Plan, relative to a provider without an API | 1.1 | 2 | **no** |"},
		"a slow apply":      {"Apply, traceloop", 1, "| Apply, relative to a provider without an API | 1.9 | 2 | **no** |"},
		"a slow limit":      {limitedPlan, 1, "| Plan under the rate limit, relative to no limit | 1.1 | 2 | **no** |"},
		"too many requests": {"", mostRequests + 1, "| Requests of a plan, answers after 50 ms | 20 | 21 | **no** |"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &measurements{}
			for _, measured := range []string{"Apply, traceloop", "Apply, noapi", "Plan, traceloop", "Plan, noapi", freePlan, limitedPlan} {
				f := m.of(measured)
				f.requests = test.requests
				for _, wall := range []time.Duration{9 * time.Second, time.Second, 2 * time.Second, time.Second} { // in no order; the median is 1.5 s
					if measured == test.slow {
						wall *= 2
					}
					f.walls, f.cpus = append(f.walls, wall), append(f.cpus, time.Second)
				}
			}
			var out strings.Builder
			err := m.report(&out)
			if (err != nil) != (test.missed != "") || strings.Count(out.String(), "**no**") != min(len(test.missed), 1) || !strings.Contains(out.String(), test.missed) {
				t.Errorf("it ends with %v, want the row %q:\n%s", err, test.missed, &out)
			}
			if !strings.Contains(out.String(), "| Plan, noapi | 1.50 s | 1.00 s |") {
				t.Errorf("the table of figures has no median:\n%s", &out)
			}
		})
	}
}
