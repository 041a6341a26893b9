# The role may use the first instance of each resource, and the machine uses the second one.
# https://developer.hashicorp.com/terraform/language/expressions/references#references-to-resource-attributes
resource "aws_sqs_queue" "keyed" {
  for_each = toset(["a", "b"])
  name     = "jobs-${each.key}"
}

resource "aws_dynamodb_table" "counted" {
  count = 2
  name  = "orders-${count.index}"
}

resource "aws_sns_topic" "sure" {
  for_each = toset(var.topics)
}

variable "topics" {
  type = list(string)
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = aws_iam_role.flow["a"].arn
  definition = jsonencode({
    StartAt = "Send"
    States = {
      Send = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = aws_sqs_queue.keyed["b"].url, MessageBody = "m" }
        Next       = "Put"
      }
      Put = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:putItem"
        Parameters = { TableName = aws_dynamodb_table.counted[1].name, Item = {} }
        Next       = "Tell"
      }
      Tell = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sns:publish"
        Parameters = { TopicArn = aws_sns_topic.sure[var.topics[0]].arn, Message = "m" }
        End        = true
      }
    }
  })
}

resource "aws_iam_role" "flow" {
  for_each = toset(["a", "b"])
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "states.amazonaws.com" }
      Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:states:*:111122223333:stateMachine:flow" } }
    }]
  })
}

resource "aws_iam_role_policy" "a" {
  role = aws_iam_role.flow["a"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.keyed["a"].arn },
      { Effect = "Allow", Action = "dynamodb:PutItem", Resource = aws_dynamodb_table.counted[0].arn },
      { Effect = "Allow", Action = "sns:Publish", Resource = aws_sns_topic.sure[var.topics[0]].arn },
    ]
  })
}

resource "aws_iam_role_policy" "b" {
  role = aws_iam_role.flow["b"].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:SendMessage", "dynamodb:PutItem"], Resource = "*" }]
  })
}
