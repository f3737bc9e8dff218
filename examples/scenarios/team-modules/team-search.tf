module "search" {
  source   = "../../modules/llm-service"
  for_each = toset(["Ranking", "Suggestions"])

  name = each.key

  # Change a date to rotate the keys of that environment.
  rotated = {
    prd = "2026-11-10"
  }
}
