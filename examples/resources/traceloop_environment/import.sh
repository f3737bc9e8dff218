# The project first: an environment whose project Terraform does not know yet would be replaced.
terraform import traceloop_project.orders cm9v2g95l0000qz8k5h3d7f1a

# By project and slug, for an environment that the project owns:
terraform import traceloop_environment.eu cm9v2g95l0000qz8k5h3d7f1a/eu-production

# By slug, for an organization-level one:
terraform import traceloop_environment.load_test load-test

# By the environment's id, for either:
terraform import traceloop_environment.eu cm9v2g95l0001qz8k5h3d7f1b
