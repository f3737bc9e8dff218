# The organization's own evaluators.
list "traceloop_evaluator" "own" {
  provider = traceloop
}
