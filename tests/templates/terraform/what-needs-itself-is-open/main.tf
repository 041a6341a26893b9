# Terraform refuses such a configuration; here it takes no other machine with it.
locals {
  one = "a${local.two}"
  two = "b${local.one}"
}

resource "aws_sqs_queue" "q" {
  name = "q-${aws_sqs_queue.q.name}"
}

module "loop" {
  source = "./loop"
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "A"
    States = {
      A = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:putItem"
        Parameters = { TableName = local.one, Item = {} }
        Next       = "B"
      }
      B = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = aws_sqs_queue.q.url, MessageBody = "m" }
        End        = true
      }
    }
  })
}
