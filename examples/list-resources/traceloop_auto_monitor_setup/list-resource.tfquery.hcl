# The setups whose monitors could not be created.
list "traceloop_auto_monitor_setup" "failed" {
  provider = traceloop

  config {
    status = "failed"
  }
}
