resource "traceloop_project" "orders" {
  name = "Orders"
}

# In one project.
resource "traceloop_environment" "eu" {
  project_id = traceloop_project.orders.id
  name       = "EU Production"
}

# Organization-level: in every project, present and future.
resource "traceloop_environment" "load_test" {
  name = "Load test"
}
