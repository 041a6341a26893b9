module "role" {
  source = "../role"
  name   = var.role_name
}

resource "aws_iam_role_policy" "flow" {
  role   = module.role.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:*", Resource = "*" }] })
}

resource "aws_sfn_state_machine" "this" {
  count      = var.create ? 1 : 0
  name       = "flow-${var.env}"
  type       = var.type
  role_arn   = module.role.arn
  definition = templatefile("${path.module}/flow.json", { table = var.table, bus = var.bus_arn })

  encryption_configuration {
    type       = var.key == null ? "AWS_OWNED_KEY" : "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id = var.key
  }
}
