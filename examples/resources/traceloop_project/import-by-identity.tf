import {
  to = traceloop_project.orders
  identity = {
    id = "cm9v2g95l0000qz8k5h3d7f1a"
  }
}
