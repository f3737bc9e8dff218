resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_environment" "eu" {
  project_id = traceloop_project.orders.id
  name       = "EU Production"
}

# A key names its environment by the slug.
resource "traceloop_api_key" "orders_eu" {
  project_id  = traceloop_project.orders.id
  environment = traceloop_environment.eu.slug
}

output "orders_eu_key" {
  value     = traceloop_api_key.orders_eu.key
  sensitive = true
}
