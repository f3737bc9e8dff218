resource "traceloop_project" "orders" {
  name = "Orders"
}
