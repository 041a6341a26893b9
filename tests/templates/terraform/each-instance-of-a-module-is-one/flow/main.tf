variable "name" {
  type = string
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs-${var.name}"
}

resource "aws_sqs_queue" "maybe" {
  count = data.aws_region.here.name == "eu-west-1" ? 1 : 0
  name  = "maybe-${var.name}-${count.index}"
}

data "aws_region" "here" {}

resource "aws_sns_topic" "told" {
  name = "told-${var.name}"
}

output "topic" {
  value = aws_sns_topic.told.arn
}

output "url" {
  value = aws_sqs_queue.jobs.url
}

resource "aws_sfn_state_machine" "this" {
  name     = "flow-${var.name}"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "Send"
    States = {
      Send = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = aws_sqs_queue.jobs.url, MessageBody = "m" }
        Next       = "Maybe"
      }
      Maybe = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = one(aws_sqs_queue.maybe[*].url), MessageBody = "m" }
        End        = true
      }
    }
  })
}
