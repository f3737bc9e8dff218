variable "regions" {
  type    = set(string)
  default = ["EU Production", "US Production"]
}

data "traceloop_project" "default" {
  name = "Default project"
}

# The slug is known before the environment exists, so it can be the key of for_each.
resource "traceloop_environment" "region" {
  for_each = { for name in var.regions : provider::traceloop::environment_slug(name) => name }

  project_id = data.traceloop_project.default.id
  name       = each.value
}

resource "traceloop_api_key" "region" {
  for_each = traceloop_environment.region

  project_id  = data.traceloop_project.default.id
  environment = each.value.slug
}
