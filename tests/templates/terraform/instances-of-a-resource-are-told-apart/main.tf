# One instance and another are two queues. Which one `open` means only the deployment knows, so its name keeps what it hangs on.
# https://developer.hashicorp.com/terraform/language/expressions/references#resources
variable "stages" {
  type = list(string)
}

resource "aws_sqs_queue" "few" {
  count = 2
  name  = "few-${count.index}"
}

resource "aws_sqs_queue" "named" {
  for_each = toset(["a", "b"])
  name     = "named-${each.key}"
}

resource "aws_sqs_queue" "open" {
  for_each = toset(var.stages)
  name     = "open-${each.value}"
}

locals {
  urls = { one = aws_sqs_queue.few[0].url, two = aws_sqs_queue.named["a"].url, three = aws_sqs_queue.open[var.stages[0]].url, four = aws_sqs_queue.few.0.url, five = one(aws_sqs_queue.few[*].url) }
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "All"
    States = {
      All = {
        Type = "Parallel"
        End  = true
        Branches = [for name, url in local.urls : {
          StartAt = name
          States = { (name) = {
            Type       = "Task"
            Resource   = "arn:aws:states:::sqs:sendMessage"
            Parameters = { QueueUrl = url, MessageBody = "m" }
            End        = true
          } }
        }]
      }
    }
  })
}
