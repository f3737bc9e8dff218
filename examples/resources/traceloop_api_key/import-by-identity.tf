import {
  to = traceloop_api_key.orders_prd
  identity = {
    project_id  = "cm9v2g95l0000qz8k5h3d7f1a"
    environment = "prd"
  }
}
