data "traceloop_projects" "all" {}

output "project_ids" {
  value = { for project in data.traceloop_projects.all.projects : project.name => project.id }
}
