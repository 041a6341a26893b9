variable "jobs" {
  type = string
}

variable "name" {
  type = string
}

variable "hidden" {
  type = list(string)
}

resource "aws_dynamodb_table" "kept" {
  name = "kept"
}

output "machine" {
  value = aws_sfn_state_machine.inner.arn
}

output "kept" {
  value = aws_dynamodb_table.kept.name
}

resource "aws_sfn_state_machine" "inner" {
  name     = var.name
  role_arn = "arn:aws:iam::111122223333:role/inner"
  definition = jsonencode({
    StartAt = "Send"
    States = {
      Send = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = var.jobs, MessageBody = "m" }
        Next       = "Put"
      }
      Put = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:putItem"
        Parameters = { TableName = aws_dynamodb_table.kept.name, Item = {} }
        Next       = "Get"
      }
      Get = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:getItem"
        Parameters = { TableName = var.hidden[0], Key = {} }
        End        = true
      }
    }
  })
}
