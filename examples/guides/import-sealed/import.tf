# The project that the key refers to is imported with it: its id has to be known.
import {
  to = traceloop_project.orders
  id = "cm9v2g95l0000qz8k5h3d7f1a"
}

import {
  to = traceloop_api_key.orders_prd
  id = "cm9v2g95l0000qz8k5h3d7f1a/prd"
}
