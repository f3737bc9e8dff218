data "traceloop_evaluators" "own" {
  source = "custom"
}

# The model that judges, by the slug of its evaluator.
output "models" {
  value = { for evaluator in data.traceloop_evaluators.own.evaluators : evaluator.slug => evaluator.model }
}
