# The project first: a key whose project Terraform does not know yet would be replaced.
terraform import traceloop_project.orders cm9v2g95l0000qz8k5h3d7f1a

# By project and environment. The key itself cannot be retrieved: "key" stays null.
terraform import traceloop_api_key.orders_prd cm9v2g95l0000qz8k5h3d7f1a/prd
