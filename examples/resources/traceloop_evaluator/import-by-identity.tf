import {
  to = traceloop_evaluator.support_tone
  identity = {
    id = "cm9v2g95l0002qz8k5h3d7f1c"
  }
}
