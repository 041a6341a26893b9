# https://developer.hashicorp.com/terraform/language/modules/sources
module "flow" {
  source  = "example/flows/aws"
  version = "1.0.0"

  name       = "flow"
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
}

# Nothing is given here of which a machine is made.
module "network" {
  source = "example/network/aws"
}

resource "aws_sfn_state_machine" "own" {
  name       = "own"
  role_arn   = "arn:aws:iam::111122223333:role/own"
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
}
