variable "extras" { default = false }

resource "aws_iam_role" "flow" {
  name               = "flow"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "states.amazonaws.com" }, Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:states:eu-west-1:111122223333:stateMachine:flow" }, StringEquals = { "aws:SourceAccount" = "111122223333" } } }] })
}

resource "aws_iam_role_policy" "flow" {
  role = aws_iam_role.flow.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([{ Effect = "Allow", Action = "dynamodb:GetItem", Resource = "*" }], var.extras ? [{ Effect = "Allow", Action = "sqs:SendMessage", Resource = "*" }] : [])
  })
}

variable "shared_policy" {}

data "aws_iam_policy_document" "shared" {
  source_policy_documents = [var.shared_policy]
}

resource "aws_iam_role_policy" "shared" {
  role   = aws_iam_role.flow.id
  policy = data.aws_iam_policy_document.shared.json
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = aws_iam_role.flow.arn
  definition = jsonencode({
    StartAt = "Get"
    States  = { Get = { Type = "Task", Resource = "arn:aws:states:::dynamodb:getItem", Parameters = { TableName = "orders", Key = {} }, End = true } }
  })
}
