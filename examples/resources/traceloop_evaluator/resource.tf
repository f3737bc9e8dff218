# The key of any project and environment of the organization comes from TRACELOOP_PROJECT_API_KEY,
# or from project_api_key of the provider block.
resource "traceloop_evaluator" "support_tone" {
  name        = "Support tone"
  slug        = "support-tone"
  description = "Is the answer of a support agent polite, and does it help?"

  llm_provider = "openai"
  model        = "gpt-4o-mini"
  temperature  = 0
  max_tokens   = 256

  # A placeholder stands for the input of that name.
  messages = [
    { role = "system", content = "You judge the answers of support agents. Be strict." },
    { role = "user", content = "Question: {{question}}\n\nAnswer: {{answer}}" },
  ]

  input_schema = [
    { name = "question", type = "string", description = "What the customer asked." },
    { name = "answer", type = "string", description = "What the agent answered." },
  ]

  output_schema = [
    { name = "tone", type = "enum", enum_values = ["polite", "neutral", "rude"] },
    { name = "helps", type = "boolean" },
    { name = "reason", type = "string", description = "One sentence." },
  ]
}
