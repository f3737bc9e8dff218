# By its external id, in the project and environment of the project key.
terraform import traceloop_auto_monitor_setup.checkout_quality checkout-quality
