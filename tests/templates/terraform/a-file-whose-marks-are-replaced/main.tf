# What `file` reads is no template: its placeholders stay, and `replace` puts texts for marks.
resource "aws_lambda_function" "work" {
  function_name = "work"
}

locals {
  raw  = file("flow.json")
  text = replace(local.raw, "WORK_ARN", aws_lambda_function.work.arn)
}

resource "aws_sfn_state_machine" "flow" {
  name       = "flow"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = replace(local.text, "TABLE_NAME", lower("Orders"))
}
