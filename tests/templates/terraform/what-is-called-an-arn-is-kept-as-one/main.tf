# A variable without a value, an output of a module from a registry, what another state holds: the name says that it is an ARN.
# What is called a name is one. A URL says no ARN, and what a parameter of SSM holds nothing says.
variable "fn_arn" {
  type = string
}

variable "topic_arn" {
  default = "arn:aws:sns:eu-west-1:111122223333:default"
}

variable "queue_url" {
  type = string
}

variable "other_fn_arn" {
  type = string
}

module "remote" {
  source = "terraform-aws-modules/lambda/aws"
}

data "terraform_remote_state" "net" {
  backend = "s3"
}

data "aws_ssm_parameter" "bus" {
  name = "/bus"
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "Variable"
    States = {
      Variable = {
        Type       = "Task"
        Resource   = "arn:aws:states:::lambda:invoke"
        Parameters = { FunctionName = var.fn_arn }
        Next       = "Qualified"
      }
      Qualified = {
        Type       = "Task"
        Resource   = "arn:aws:states:::lambda:invoke"
        Parameters = { FunctionName = "${var.other_fn_arn}:live" }
        Next       = "Module"
      }
      Module = {
        Type       = "Task"
        Resource   = "arn:aws:states:::lambda:invoke"
        Parameters = { FunctionName = module.remote.lambda_function_arn }
        Next       = "Remote"
      }
      Remote = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:getItem"
        Parameters = { TableName = data.terraform_remote_state.net.outputs.table_name, Key = {} }
        Next       = "Default"
      }
      Default = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sns:publish"
        Parameters = { TopicArn = var.topic_arn, Message = "m" }
        Next       = "Url"
      }
      Url = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = var.queue_url, MessageBody = "m" }
        Next       = "Unsaid"
      }
      Unsaid = {
        Type       = "Task"
        Resource   = "arn:aws:states:::events:putEvents"
        Parameters = { Entries = [{ EventBusName = data.aws_ssm_parameter.bus.value, Source = "s", DetailType = "d", Detail = {} }] }
        End        = true
      }
    }
  })
}

# `topic` may be an ARN, and nothing says so.
variable "topic" {
  type    = string
  default = null
}

resource "aws_sfn_state_machine" "unsaid" {
  name     = "unsaid"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "Tell"
    States = {
      Tell = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sns:publish"
        Parameters = { TopicArn = var.topic, Message = "m" }
        End        = true
      }
    }
  })
}
