data "traceloop_auto_monitor_setups" "failed" {
  status = "failed"
}

# Why each evaluator failed, by the external id of its setup.
output "failures" {
  value = {
    for setup in data.traceloop_auto_monitor_setups.failed.auto_monitor_setups :
    setup.external_id => { for slug, evaluator in setup.evaluator_status : slug => evaluator.error_message }
  }
}
