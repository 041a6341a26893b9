variable "name" {}
variable "definition" {}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = var.definition
}
