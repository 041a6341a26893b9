resource "aws_sfn_state_machine" "up" {
  name       = "up"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = file("../../../../../../../../../../../../etc/hostname")
}

resource "aws_sfn_state_machine" "root" {
  name       = "root"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("/etc/hostname", {})
}

module "out" {
  source = "../../../../../../../../../../../../etc"
}
