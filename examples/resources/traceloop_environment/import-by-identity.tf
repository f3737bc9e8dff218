import {
  to = traceloop_environment.eu
  identity = {
    id = "cm9v2g95l0001qz8k5h3d7f1b"
  }
}
