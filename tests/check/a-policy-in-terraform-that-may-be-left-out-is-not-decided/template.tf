variable "create" { default = true }
variable "extras" { default = false }
variable "tables" { type = list(string) }

resource "aws_iam_role" "flow" {
  count              = var.create ? 1 : 0
  name               = "flow"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "states.amazonaws.com" }, Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:states:eu-west-1:111122223333:stateMachine:flow" }, StringEquals = { "aws:SourceAccount" = "111122223333" } } }] })
}

data "aws_iam_policy_document" "parts" {
  dynamic "statement" {
    for_each = var.extras ? ["dynamodb:GetItem"] : []
    content {
      sid       = "Extra"
      actions   = [statement.value]
      resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/orders"]
    }
  }
  dynamic "statement" {
    for_each = var.tables
    content {
      sid       = "Tables"
      actions   = ["dynamodb:PutItem"]
      resources = [statement.value]
    }
  }
}

# It hangs on the same as the role and the machine do.
resource "aws_iam_role_policy" "together" {
  count  = var.create ? 1 : 0
  role   = aws_iam_role.flow[0].id
  policy = data.aws_iam_policy_document.parts.json
}

resource "aws_iam_role_policy" "maybe" {
  count  = var.create && var.extras ? 1 : 0
  role   = aws_iam_role.flow[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Maybe", Effect = "Allow", Action = "lambda:InvokeFunction", Resource = "arn:aws:lambda:eu-west-1:111122223333:function:charge" }] })
}

resource "aws_iam_role_policy_attachment" "managed" {
  count      = var.extras ? 1 : 0
  role       = aws_iam_role.flow[0].name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
}

resource "aws_sfn_state_machine" "flow" {
  count    = var.create ? 1 : 0
  name     = "flow"
  role_arn = aws_iam_role.flow[0].arn
  definition = jsonencode({
    StartAt = "Get"
    States = {
      Get    = { Type = "Task", Resource = "arn:aws:states:::dynamodb:getItem", Parameters = { TableName = "orders", Key = {} }, Next = "Put" }
      Put    = { Type = "Task", Resource = "arn:aws:states:::dynamodb:putItem", Parameters = { TableName = "orders", Item = {} }, Next = "Charge" }
      Charge = { Type = "Task", Resource = "arn:aws:states:::lambda:invoke", Parameters = { FunctionName = "charge" }, Next = "Queue" }
      Queue  = { Type = "Task", Resource = "arn:aws:states:::sqs:sendMessage", Parameters = { QueueUrl = "https://sqs.eu-west-1.amazonaws.com/111122223333/orders", MessageBody = "x" }, End = true }
    }
  })
}
