terraform {
  required_version = ">= 1.7"

  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

provider "traceloop" {}

# Organization-level: in every project, present and future.
resource "traceloop_environment" "load_test" {
  name = "Load test"
}

output "masked_keys" {
  value = {
    shop   = { for service, module in module.shop : service => module.masked_keys }
    search = { for service, module in module.search : service => module.masked_keys }
  }
}
