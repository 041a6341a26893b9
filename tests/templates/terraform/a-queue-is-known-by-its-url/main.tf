# The URL that the task needs is an attribute of the queue, and the permission is on the queue's ARN.
variable "env" {
  type    = string
  default = "dev"
}

resource "aws_sqs_queue" "orders" {
  name = "orders-${var.env}"
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow-${var.env}"
  role_arn = aws_iam_role.elsewhere.arn
  definition = jsonencode({
    StartAt = "Send"
    States = {
      Send = {
        Type     = "Task"
        Resource = "arn:aws:states:::sqs:sendMessage"
        Parameters = {
          QueueUrl        = aws_sqs_queue.orders.url
          "MessageBody.$" = "$.order"
        }
        End = true
      }
    }
  })
}
