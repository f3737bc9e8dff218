data "traceloop_project" "default" {
  name = "Default project"
}

# An environment in force in the project: its own, built-in or inherited.
data "traceloop_environment" "prd" {
  project_id = data.traceloop_project.default.id
  slug       = "prd"
}

output "prd_is_built_in" {
  value = data.traceloop_environment.prd.built_in
}
