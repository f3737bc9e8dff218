# The env_project_id is that of the project and environment of the project key.
import {
  to = traceloop_auto_monitor_setup.checkout_quality
  identity = {
    env_project_id = "cm9v2ga9i0001qz8k5h3d7f1a"
    external_id    = "checkout-quality"
  }
}
