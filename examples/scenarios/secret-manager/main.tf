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

resource "traceloop_project" "checkout" {
  name = "Checkout"
}

resource "traceloop_api_key" "checkout" {
  for_each = toset(["stg", "prd"])

  project_id        = traceloop_project.checkout.id
  environment       = each.key
  rotate_after_days = 90
  age_recipients    = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
}

# Opens the keys for the length of a run, with TRACELOOP_AGE_IDENTITY.
ephemeral "traceloop_api_key" "checkout" {
  for_each = traceloop_api_key.checkout

  encrypted_key = each.value.encrypted_key
}

locals {
  # A number that rises with each new key: 20261123055411.
  versions = { for environment, key in traceloop_api_key.checkout : environment => tonumber(formatdate("YYYYMMDDhhmmss", key.created_at)) }
}

output "rotate_at" {
  value = { for environment, key in traceloop_api_key.checkout : environment => key.rotate_at }
}
