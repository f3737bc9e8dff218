locals {
  shop = {
    "Cart"    = { environments = ["dev", "stg", "prd"] }
    "Invoice" = { environments = ["dev", "prd"], own_environments = ["EU Production"] }
  }
}

module "shop" {
  source   = "../../modules/llm-service"
  for_each = local.shop

  name             = each.key
  environments     = concat(each.value.environments, ["load-test"])
  own_environments = lookup(each.value, "own_environments", [])

  # The slug is written out, because the keys of for_each have to be known.
  depends_on = [traceloop_environment.load_test]
}
