terraform {
  required_version = ">= 1.11"

  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

provider "traceloop" {}

locals {
  # Each key is rotated when it has this age in days.
  services = {
    checkout = { name = "Checkout", rotate_after_days = { stg = 90, prd = 30 } }
    search   = { name = "Search", rotate_after_days = { prd = 30, eu-production = 30 } }
  }

  # One element for each key: "checkout/prd".
  keys = merge([
    for service, s in local.services : {
      for environment, days in s.rotate_after_days : "${service}/${environment}" => {
        service     = service
        environment = environment
        days        = days
      }
    }
  ]...)
}

resource "traceloop_project" "service" {
  for_each = local.services

  name = each.value.name
}

# An environment of one project. Every project has dev, stg and prd.
resource "traceloop_environment" "search_eu" {
  project_id = traceloop_project.service["search"].id
  name       = "EU Production"
}

resource "traceloop_api_key" "service" {
  for_each = local.keys

  project_id        = traceloop_project.service[each.value.service].id
  environment       = each.value.environment
  rotate_after_days = each.value.days
  age_recipients    = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]

  # The slug is a key of a map, and has to be known. So this key cannot refer to the environment.
  depends_on = [traceloop_environment.search_eu]
}

# Decrypts the keys during a run, with TRACELOOP_AGE_IDENTITY.
ephemeral "traceloop_api_key" "service" {
  for_each = traceloop_api_key.service

  encrypted_key = each.value.encrypted_key
}

locals {
  # A number that rises with each new key: 20261123055411.
  versions = { for name, key in traceloop_api_key.service : name => tonumber(formatdate("YYYYMMDDhhmmss", key.created_at)) }
}

output "rotate_at" {
  value = { for name, key in traceloop_api_key.service : name => key.rotate_at }
}
