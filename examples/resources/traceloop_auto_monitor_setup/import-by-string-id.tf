import {
  to = traceloop_auto_monitor_setup.checkout_quality
  id = "checkout-quality"
}
