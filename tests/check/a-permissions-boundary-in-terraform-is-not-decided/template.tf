# What the boundary does not allow is denied, whatever the policies of the role say.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
variable "account" {
  default = "111122223333"
}

resource "aws_sfn_state_machine" "flow" {
  name       = "flow"
  role_arn   = aws_iam_role.flow.arn
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
}

resource "aws_iam_role" "flow" {
  permissions_boundary = "arn:aws:iam::${var.account}:policy/bound"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "states.amazonaws.com" }
      Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:states:*:111122223333:stateMachine:flow" } }
    }]
  })
}

resource "aws_iam_role" "free" {
  permissions_boundary = null
  assume_role_policy   = "{}"
}

resource "aws_sfn_state_machine" "free" {
  name       = "free"
  role_arn   = aws_iam_role.free.arn
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
}
