terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

provider "traceloop" {}

locals {
  services = {
    orders   = { name = "Orders", environments = ["dev", "stg", "prd"] }
    payments = { name = "Payments", environments = ["dev", "stg", "prd"] }
    search   = { name = "Search", environments = ["dev", "prd"] }
  }

  # One element for each key: "orders/prd".
  places = merge([
    for service, s in local.services : {
      for environment in s.environments : "${service}/${environment}" => {
        service     = service
        environment = environment
      }
    }
  ]...)
}

resource "traceloop_project" "service" {
  for_each = local.services

  name = each.value.name
}

resource "traceloop_api_key" "service" {
  for_each = local.places

  project_id  = traceloop_project.service[each.value.service].id
  environment = each.value.environment
}

# The .env file of each service for local development, with its key for dev.
output "dotenv" {
  value = {
    for name, place in local.places :
    place.service => "TRACELOOP_API_KEY=${traceloop_api_key.service[name].key}\n" if place.environment == "dev"
  }
  sensitive = true
}

# The .env file for Docker Compose, with every key: TRACELOOP_ORDERS_PRD_KEY.
output "compose_dotenv" {
  value = join("", [
    for name, key in traceloop_api_key.service :
    "TRACELOOP_${upper(replace(name, "/[^0-9A-Za-z]/", "_"))}_KEY=${key.key}\n"
  ])
  sensitive = true
}
