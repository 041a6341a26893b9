# A machine has a role of its own account, and a name is one role there: an ARN that is written out names the role as well.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
data "aws_caller_identity" "here" {}

data "aws_iam_role" "again" {
  name = "tasks"
}

locals {
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "states.amazonaws.com" }
      Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:states:*:111122223333:stateMachine:*" } }
    }]
  })
  definition = jsonencode({
    StartAt = "Send"
    States = {
      Send = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs", MessageBody = "m" }
        End        = true
      }
    }
  })
}

resource "aws_iam_role" "tasks" {
  name               = "tasks"
  path               = "/service/"
  assume_role_policy = local.trust
}

resource "aws_iam_role" "other" {
  assume_role_policy = local.trust
}

resource "aws_sfn_state_machine" "by_text" {
  name       = "by-text"
  role_arn   = "arn:aws:iam::111122223333:role/service/tasks"
  definition = local.definition
}

resource "aws_sfn_state_machine" "by_name" {
  name       = "by-name"
  role_arn   = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:role/${aws_iam_role.other.name}"
  definition = local.definition
}

resource "aws_sfn_state_machine" "by_lookup" {
  name       = "by-lookup"
  role_arn   = data.aws_iam_role.again.arn
  definition = local.definition
}

resource "aws_sfn_state_machine" "elsewhere" {
  name       = "elsewhere"
  role_arn   = "arn:aws:iam::111122223333:role/elsewhere"
  definition = local.definition
}
