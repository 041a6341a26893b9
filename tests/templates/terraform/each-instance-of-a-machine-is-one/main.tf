# `for_each` over what is known makes so many machines, each with its own definition.
# https://developer.hashicorp.com/terraform/language/meta-arguments/for_each
locals {
  flows = {
    orders  = { table = "orders", type = "STANDARD" }
    returns = { table = "returns", type = "EXPRESS" }
  }
}

resource "aws_sfn_state_machine" "flow" {
  for_each = local.flows
  name     = "flow-${each.key}"
  type     = each.value.type
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("flow.json", { table = each.value.table })
}

resource "aws_sfn_state_machine" "counted" {
  count      = 3
  name       = "counted-${count.index}"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("flow.json", { table = "t-${count.index}" })
}
