resource "traceloop_evaluator" "language" {
  name          = "Language"
  llm_provider  = "openai"
  model         = "gpt-4o-mini"
  messages      = [{ role = "user", content = "In which language is this text? {{text}}" }]
  input_schema  = [{ name = "text", type = "string" }]
  output_schema = [{ name = "language", type = "string" }]
}
