package base

import (
	"fmt"
	"time"
)

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func pluralIs(n int, unit string) string {
	if n == 1 {
		return "1 " + unit + " is"
	}
	return plural(n, unit) + " are"
}

func themOrIt(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// Elapsed formats a duration in the largest unit that fits.
func Elapsed(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return plural(int(d.Minutes()), "minute")
	case d < 24*time.Hour:
		return plural(int(d.Hours()), "hour")
	}
	return plural(int(d.Hours()/24), "day")
}
