package provider

// For the tests of the package's outside.
var (
	NewWithClock = newWithClock
	Seal         = seal
)
