package traceloop

// Paths are the paths of the collections, below the base URL. The path of an object is that of its
// collection, a slash and its id.
type Paths struct {
	Projects     string
	Environments string
	APIKeys      string

	AutoMonitorSetups     string
	AutoMonitorSetupsBulk string
	Evaluators            string
	Organizations         string
}

// contractPaths are those of openapi.yaml, which are assumed by this project, and those that
// Traceloop documents. If the real paths differ, change them here and in openapi.yaml.
var contractPaths = Paths{
	Projects:     "/v2/projects",
	Environments: "/v2/environments",
	APIKeys:      "/v2/api-keys",

	AutoMonitorSetups:     "/v2/auto-monitor-setups",
	AutoMonitorSetupsBulk: "/v2/auto-monitor-setups/bulk",
	Evaluators:            "/v2/evaluators",
	Organizations:         "/v2/organizations",
}

// Paths returns the paths that this client calls.
func (c *Client) Paths() Paths { return c.paths }
