package provider

// NewWithClock is New with a clock that a test sets.
var NewWithClock = newWithClock
