# The project that the environment refers to is imported with it: its id has to be known.
import {
  to = traceloop_project.orders
  identity = {
    id = "cm9v2g95l0000qz8k5h3d7f1a"
  }
}

import {
  to = traceloop_environment.eu
  identity = {
    id = "cm9v2g95l0001qz8k5h3d7f1b"
  }
}
