resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"
}

# Another configuration would look the project up by its name, with a data source.
data "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_api_key.orders_prd.project_id
  environment = traceloop_api_key.orders_prd.environment
}

output "orders_prd_key" {
  value = "${data.traceloop_api_key.orders_prd.masked_key}, generated ${data.traceloop_api_key.orders_prd.created_at}"
}
