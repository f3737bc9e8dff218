# By the project's id:
terraform import traceloop_project.orders cm9v2g95l0000qz8k5h3d7f1a
