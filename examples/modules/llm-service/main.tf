# One service: its project, environments of its own, and a key for each environment.
terraform {
  required_version = ">= 1.8"

  required_providers {
    traceloop = {
      source = "traceloop/traceloop"
    }
  }
}

resource "traceloop_project" "service" {
  name                = var.name
  deletion_protection = var.deletion_protection
}

resource "traceloop_environment" "own" {
  for_each = { for name in var.own_environments : provider::traceloop::environment_slug(name) => name }

  project_id          = traceloop_project.service.id
  name                = each.value
  deletion_protection = var.deletion_protection
}

locals {
  own_slugs = { for slug, environment in traceloop_environment.own : slug => environment.slug }
}

resource "traceloop_api_key" "service" {
  for_each = merge({ for slug in var.environments : slug => slug }, local.own_slugs)

  project_id        = traceloop_project.service.id
  environment       = each.value
  age_recipients    = var.age_recipients
  rotation_triggers = { rotated = lookup(var.rotated, each.key, "never") }
}
