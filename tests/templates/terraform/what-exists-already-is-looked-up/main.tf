# A data source of a resource that exists has the attributes of the resource.
data "aws_sqs_queue" "given" {
  name = "given"
}

data "aws_ssm_parameter" "topic" {
  name = "/topic"
}

data "aws_caller_identity" "me" {}
data "aws_region" "here" {}

resource "aws_sqs_queue" "made" {
  name_prefix = "made-"
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "Given"
    States = {
      Given = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = data.aws_sqs_queue.given.url, MessageBody = "m" }
        Next       = "Made"
      }
      Made = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = aws_sqs_queue.made.id, MessageBody = "m" }
        Next       = "Topic"
      }
      Topic = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sns:publish"
        Parameters = { TopicArn = data.aws_ssm_parameter.topic.value, Message = "m" }
        Next       = "Other"
      }
      Other = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sns:publish"
        Parameters = { TopicArn = "arn:aws:sns:${data.aws_region.here.name}:${data.aws_caller_identity.me.account_id}:other", Message = "m" }
        End        = true
      }
    }
  })
}
