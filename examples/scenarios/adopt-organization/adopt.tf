# What the organization has. Built-in environments need no resource.
data "traceloop_projects" "all" {}

data "traceloop_environments" "all" {}

data "traceloop_api_keys" "all" {}

# The addresses contain ids, because ids never change. A project that somebody renames keeps its address.
locals {
  organization = {
    projects = { for project in data.traceloop_projects.all.projects : project.id => {
      id   = project.id
      name = project.name
    } }

    environments = { for environment in data.traceloop_environments.all.environments : environment.id => {
      id      = environment.id
      name    = environment.name
      project = environment.project_id # null: organization-level
    } if !environment.built_in }

    # A key that is rotated has another id. Its place stays.
    api_keys = { for key in data.traceloop_api_keys.all.api_keys : "${key.project_id}/${key.environment}" => {
      id          = key.id
      project     = key.project_id
      environment = key.environment
    } }
  }
}

import {
  for_each = local.organization.projects

  to = traceloop_project.all[each.key]
  id = each.value.id
}

import {
  for_each = local.organization.environments

  to = traceloop_environment.all[each.key]
  id = each.value.id
}

import {
  for_each = local.organization.api_keys

  to = traceloop_api_key.all[each.key]
  id = each.value.id
}

# To write the organization down, once it is adopted.
output "organization" {
  value = local.organization
}
