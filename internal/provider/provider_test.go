package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

func TestMain(m *testing.M) { clitest.Main(m) }

func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"traceloop": provider.NewServer(time.Now),
	}
}

// configured prepends a provider block for the server.
func configured(server *emulatortest.Server, hcl string) string {
	return fmt.Sprintf("provider \"traceloop\" {\n  base_url = %q\n  api_key  = %q\n}\n\n", server.URL, server.ManagementKey) + hcl
}

// says matches a diagnostic that holds all of the phrases, in this order, however the
// CLI wraps its lines.
func says(phrases ...string) *regexp.Regexp {
	space := regexp.MustCompile(`\s+`)
	for i, phrase := range phrases {
		words := space.Split(strings.TrimSpace(phrase), -1)
		for j, word := range words {
			words[j] = regexp.QuoteMeta(word)
		}
		phrases[i] = strings.Join(words, `[\s│]+`)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(phrases, `.*`))
}

// attribute checks one attribute's exact value in the state.
func attribute(address, name, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.StringExact(value))
}

// isNull checks that an attribute is null in the state.
func isNull(address, name string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.Null())
}

// created checks that a plan creates a resource.
func created(address string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate)}}
}
