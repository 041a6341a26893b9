# What a directive leaves in depends on the deployment, so that no definition is there to read.
# https://developer.hashicorp.com/terraform/language/expressions/strings#directives
variable "audit" {
  type = bool
}

resource "aws_sfn_state_machine" "flow" {
  name       = "flow"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("flow.tftpl", { audit = var.audit })
}

resource "aws_sfn_state_machine" "missing" {
  name       = "missing"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = file("${path.module}/nowhere.json")
}

resource "aws_sfn_state_machine" "unknown" {
  name       = "unknown"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = data.http.definition.response_body
}

resource "aws_sfn_state_machine" "either" {
  name       = "either"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = var.audit ? file("one.json") : file("two.json")
}

resource "aws_sfn_state_machine" "good" {
  name       = "good"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = file("good.json")
}
