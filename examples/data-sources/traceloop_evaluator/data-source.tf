data "traceloop_evaluator" "relevancy" {
  slug = "answer-relevancy"
}

output "relevancy_source" {
  value = data.traceloop_evaluator.relevancy.source
}
