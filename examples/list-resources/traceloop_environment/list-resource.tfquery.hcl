# Every environment that needs a resource, with what the resource would be.
list "traceloop_environment" "all" {
  provider         = traceloop
  include_resource = true
  limit            = 10000
}

list "traceloop_environment" "organization_level" {
  provider = traceloop

  config {
    scope = "organization"
  }
}
