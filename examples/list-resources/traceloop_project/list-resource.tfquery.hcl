# Every project. Without a limit, Terraform shows 100.
list "traceloop_project" "all" {
  provider = traceloop
  limit    = 10000
}

list "traceloop_project" "orders" {
  provider = traceloop

  config {
    name = "Orders"
  }
}
