data "traceloop_project" "default" {
  name = "Default project"
}

data "traceloop_environments" "default" {
  project_id = data.traceloop_project.default.id
}

# A key for every environment of the project.
resource "traceloop_api_key" "default" {
  for_each = toset(data.traceloop_environments.default.environments[*].slug)

  project_id  = data.traceloop_project.default.id
  environment = each.key
}
