# By its slug:
terraform import traceloop_evaluator.support_tone support-tone

# Or by its id:
terraform import traceloop_evaluator.support_tone cm9v2g95l0002qz8k5h3d7f1c
