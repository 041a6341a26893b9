# A module that is called for each key has so many machines, each with its own queue; outputs are those of one instance.
# https://developer.hashicorp.com/terraform/language/meta-arguments/for_each
module "flow" {
  for_each = { a = "one", b = "two" }
  source   = "./flow"
  name     = "${each.key}-${each.value}"
}

resource "aws_sfn_state_machine" "both" {
  name     = "both"
  role_arn = "arn:aws:iam::111122223333:role/both"
  definition = jsonencode({
    StartAt = "First"
    States = {
      First = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sqs:sendMessage"
        Parameters = { QueueUrl = module.flow["b"].url, MessageBody = "m" }
        Next       = "Second"
      }
      Second = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sns:publish"
        Parameters = { TopicArn = module.flow["a"].topic, Message = "m" }
        End        = true
      }
    }
  })
}
