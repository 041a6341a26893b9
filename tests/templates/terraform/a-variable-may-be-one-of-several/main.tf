# A validation that lists the values says which there are; a condition that is not known gives what either side gives.
# https://developer.hashicorp.com/terraform/language/values/variables#custom-validation-rules
variable "env" {
  type    = string
  default = "dev"
  validation {
    condition     = contains(["dev", "prod"], var.env)
    error_message = "dev or prod"
  }
}

variable "shared" {
  type    = bool
  default = true
}

variable "buckets" {
  default = { eu = "in-eu", us = "in-us" }
}

variable "place" {}

resource "aws_sqs_queue" "own" {
  name = "own"
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "Put"
    States = {
      Put = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:putItem"
        Parameters = { TableName = "orders-${var.env}", Item = {} }
        Next       = "Send"
      }
      Send = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = var.shared ? "https://sqs.eu-west-1.amazonaws.com/111122223333/shared" : aws_sqs_queue.own.url, MessageBody = "m" }
        Next       = "Get"
      }
      Get = {
        Type       = "Task"
        Resource   = "arn:aws:states:::aws-sdk:s3:getObjectTagging"
        Parameters = { Bucket = var.buckets[var.place], Key = "k" }
        End        = true
      }
    }
  })
}
