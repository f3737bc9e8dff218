data "traceloop_project" "default" {
  name = "Default project"
}

data "traceloop_api_key" "prd" {
  project_id  = data.traceloop_project.default.id
  environment = "prd"
}

output "prd_key" {
  value = "${data.traceloop_api_key.prd.masked_key}, generated ${data.traceloop_api_key.prd.created_at}"
}
