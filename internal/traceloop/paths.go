package traceloop

// Paths is where the collections of the API are, below the base URL. An object is at its
// collection's path, a slash and its id.
type Paths struct {
	Projects     string
	Environments string
	APIKeys      string

	AutoMonitorSetups     string
	AutoMonitorSetupsBulk string
	Organizations         string
}

// contractPaths are those of openapi.yaml, which are assumed, and those that Traceloop
// publishes. Where the real ones differ, they change here and there, and nowhere else.
var contractPaths = Paths{
	Projects:     "/v2/projects",
	Environments: "/v2/environments",
	APIKeys:      "/v2/api-keys",

	AutoMonitorSetups:     "/v2/auto-monitor-setups",
	AutoMonitorSetupsBulk: "/v2/auto-monitor-setups/bulk",
	Organizations:         "/v2/organizations",
}

// Paths returns the paths that this client calls.
func (c *Client) Paths() Paths { return c.paths }
