# By project and slug, for an environment that the project owns:
terraform import traceloop_environment.eu cm9v2g95l0000qz8k5h3d7f1a/eu-production

# By slug, for an organization-level one:
terraform import traceloop_environment.load_test load-test

# By the environment's id, for either:
terraform import traceloop_environment.eu cm9v2gb1f0004qz8k9d2e6c7b
