terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

# The same for every way to fill local.organization.
resource "traceloop_project" "all" {
  for_each = local.organization.projects

  name = each.value.name
}

resource "traceloop_environment" "all" {
  for_each = local.organization.environments

  project_id = each.value.project == null ? null : traceloop_project.all[each.value.project].id
  name       = each.value.name
}

resource "traceloop_api_key" "all" {
  for_each = local.organization.api_keys

  project_id  = traceloop_project.all[each.value.project].id
  environment = each.value.environment
}
