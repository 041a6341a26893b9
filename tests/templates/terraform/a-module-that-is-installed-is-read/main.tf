# https://developer.hashicorp.com/terraform/cli/commands/init#child-module-installation
resource "aws_sns_topic" "told" {
  name = "told"
}

module "flow" {
  source  = "example/flows/aws"
  version = "1.0.0"

  name = "flow"
  definition = jsonencode({
    StartAt = "Tell"
    States = {
      Tell = { Type = "Task", Resource = "arn:aws:states:::sns:publish", Parameters = { TopicArn = aws_sns_topic.told.arn, Message = "m" }, End = true }
    }
  })
}
