resource "aws_sfn_state_machine" "two" {
  name       = "two"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("flow.json", { topic = local.topic })
}
