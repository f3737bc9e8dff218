resource "traceloop_auto_monitor_setup" "checkout_quality" {
  external_id = "checkout-quality"
  evaluators  = ["answer-relevancy"]
}

# Another configuration would write the external id, and need no depends_on.
data "traceloop_auto_monitor_setup" "checkout_quality" {
  external_id = "checkout-quality"
  depends_on  = [traceloop_auto_monitor_setup.checkout_quality]
}

output "checkout_quality_status" {
  value = data.traceloop_auto_monitor_setup.checkout_quality.status
}
