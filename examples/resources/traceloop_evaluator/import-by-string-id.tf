# The id is the id or the slug of the evaluator.
import {
  to = traceloop_evaluator.support_tone
  id = "support-tone"
}
