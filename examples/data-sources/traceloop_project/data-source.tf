data "traceloop_project" "default" {
  name = "Default project"
}

output "default_project_id" {
  value = data.traceloop_project.default.id
}
