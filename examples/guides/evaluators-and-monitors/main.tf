terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

# The management key creates the project and its key.
resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"
}

# The project's key manages evaluators and monitors.
provider "traceloop" {
  alias           = "orders_prd"
  project_api_key = traceloop_api_key.orders_prd.key
}

resource "traceloop_evaluator" "tone" {
  provider = traceloop.orders_prd

  name         = "Tone of an answer"
  slug         = "answer-tone"
  description  = "Whether an answer to a customer is polite."
  llm_provider = "openai"
  model        = "gpt-4o"
  temperature  = 0

  messages = [
    { role = "system", content = "You judge answers to customers." },
    { role = "user", content = "Is this answer polite? Reply with pass or fail.\n\n{{answer}}" },
  ]

  input_schema  = [{ name = "answer", type = "string", description = "The answer of the application." }]
  output_schema = [{ name = "verdict", type = "enum", description = "The judgment.", enum_values = ["pass", "fail"] }]
}

resource "traceloop_auto_monitor_setup" "quality" {
  provider = traceloop.orders_prd
  for_each = toset(["checkout", "search"])

  project_id  = traceloop_project.orders.id
  external_id = "${each.key}-quality"
  evaluators  = [traceloop_evaluator.tone.slug, "answer-relevancy"]
  selector    = [{ key = "service.name", source = "resource_attributes", value = each.key }]
}
