data "traceloop_auto_monitor_setup" "checkout_quality" {
  external_id = "checkout-quality"
}

output "checkout_quality_status" {
  value = data.traceloop_auto_monitor_setup.checkout_quality.status
}
