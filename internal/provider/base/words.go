package base

import "fmt"

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
