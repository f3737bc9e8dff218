terraform {
  required_version = ">= 1.5"

  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

provider "traceloop" {}

locals {
  days = {
    dev = 90
    stg = 90
    prd = 30
  }
}

resource "traceloop_project" "assistant" {
  name = "Assistant"
}

resource "traceloop_api_key" "assistant" {
  for_each = local.days

  project_id        = traceloop_project.assistant.id
  environment       = each.key
  rotate_after_days = each.value
}

data "traceloop_api_keys" "old" {
  min_age_days = 100
}

check "no_old_keys" {
  assert {
    condition     = length(data.traceloop_api_keys.old.api_keys) == 0
    error_message = "These keys are older than 100 days: ${join(", ", data.traceloop_api_keys.old.api_keys[*].masked_key)}."
  }
}

output "rotate_at" {
  value = { for environment, key in traceloop_api_key.assistant : environment => key.rotate_at }
}

output "keys" {
  value     = { for environment, key in traceloop_api_key.assistant : environment => key.key }
  sensitive = true
}
