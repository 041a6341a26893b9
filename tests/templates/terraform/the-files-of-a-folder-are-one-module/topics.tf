# The name is what a file of settings gives, not the default.
# https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files
variable "name" {
  default = "news"
}

resource "aws_sns_topic" "news" {
  name = var.name
}

locals {
  topic = aws_sns_topic.news.arn
}
