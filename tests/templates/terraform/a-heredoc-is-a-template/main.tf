# `<<-` takes the indentation away, `$${` is a dollar sign and a brace, a backslash is a backslash.
# https://developer.hashicorp.com/terraform/language/expressions/strings
resource "aws_sns_topic" "news" {}

variable "seconds" {
  type    = number
  default = 5
}

variable "retries" {
  type = number
}

resource "aws_sfn_state_machine" "plain" {
  name       = "plain"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = <<EOF
{
  "Comment": "a } and a \"quote\" and # no comment",
  "StartAt": "Wait",
  "States": {
    "Wait": {"Type": "Wait", "Seconds": ${var.seconds}, "Next": "Tell"},
    "Tell": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sns:publish",
      "Parameters": {"TopicArn": "${aws_sns_topic.news.arn}", "Message": "$${nothing}"},
      "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": ${var.seconds}}],
      "End": true
    }
  }
}
EOF
}

resource "aws_sfn_state_machine" "dedented" {
  name     = "dedented"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode(yamldecode(<<-YAML
    StartAt: Tell
    States:
      Tell:
        Type: Task
        Resource: arn:${data.aws_partition.here.partition}:states:::sns:publish
        Parameters:
          TopicArn: ${aws_sns_topic.news.arn}
          Message: ${jsonencode("a: b")}
        End: true
    YAML
  ))
}

data "aws_partition" "here" {}
