module "role" {
  source = "../role"
  name   = var.role_name
}

resource "aws_iam_role_policy" "flow" {
  role   = module.role.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:*", Resource = "*" }] })
}

resource "aws_sfn_state_machine" "this" {
  name       = "flow-${var.env}"
  role_arn   = module.role.arn
  definition = templatefile("${path.module}/flow.json", { table = var.table, bus = var.bus_arn })
}
