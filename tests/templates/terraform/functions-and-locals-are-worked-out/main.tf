# Where all is known, functions give texts; where a name is given by a variable, what is worked out stands for its default.
# https://developer.hashicorp.com/terraform/language/functions
variable "team" {
  default = "Shop"
}

variable "unknown" {}

locals {
  prefix = join("-", [lower(var.team), "eu"])
  tables = { orders = "${local.prefix}-orders", users = format("%s-%s", local.prefix, "users") }
  names  = [for name, table in local.tables : table if name != "users"]
  tasks = {
    for name, table in local.tables : "Put ${title(name)}" => {
      Type       = "Task"
      Resource   = "arn:aws:states:::dynamodb:putItem"
      Parameters = { TableName = table, Item = {} }
      Next       = "Bus"
    }
  }
  account = split(":", aws_sns_topic.news.arn)[4]
}

resource "aws_sns_topic" "news" {
  name = "news"
}

resource "aws_sfn_state_machine" "flow" {
  name     = join("-", ["flow", 1 + 1])
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = jsonencode({
    StartAt = "Put Users"
    States = merge(local.tasks, {
      "Put Users" = merge(local.tasks["Put Users"], { Next = "Put Orders" })
      Bus = {
        Type       = "Task"
        Resource   = "arn:aws:states:::events:putEvents"
        Parameters = { Entries = [{ EventBusName = "arn:aws:events:eu-west-1:${local.account}:event-bus/${basename("a/b/${local.names[0]}")}" }] }
        Next       = "Topic"
      }
      Topic = {
        Type       = "Task"
        Resource   = "arn:aws:states:::sns:publish"
        Parameters = { TopicArn = "arn:aws:sns:eu-west-1:111122223333:${sha1(var.unknown)}-${substr("abcdef", 1, 2)}", Message = "m" }
        End        = true
      }
    })
  })
}
