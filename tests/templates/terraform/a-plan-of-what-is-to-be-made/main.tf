# The plan beside it knows neither the queue's URL nor what is made of it: both are there once it is applied.
variable "env" {
  default = "dev"
}

resource "aws_sqs_queue" "orders" {
  name = "orders-${var.env}"
}

resource "aws_iam_role" "flow" {
  assume_role_policy = "{}"
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow-${var.env}"
  role_arn = aws_iam_role.flow.arn
  definition = jsonencode({
    StartAt = "Send"
    States = {
      Send = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = aws_sqs_queue.orders.url, MessageBody = "m" }
        End        = true
      }
    }
  })
}
