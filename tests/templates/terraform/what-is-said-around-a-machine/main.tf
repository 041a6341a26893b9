# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
}

provider "aws" {
  alias  = "west"
  region = var.west
}

variable "west" {
  default = "us-west-2"
}

variable "level" {
  default = "OFF"
}

resource "aws_kms_key" "k" {}

locals {
  empty = jsonencode({ StartAt = "A", States = { A = { Type = "Succeed" } } })
}

resource "aws_sfn_state_machine" "full" {
  name       = "full"
  type       = "EXPRESS"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = local.empty

  logging_configuration {
    log_destination = "arn:aws:logs:eu-west-1:111122223333:log-group:flow:*"
    level           = "ERROR"
  }

  tracing_configuration {
    enabled = true
  }

  encryption_configuration {
    type       = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  }
}

resource "aws_sfn_state_machine" "west" {
  provider   = aws.west
  name       = "west"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = local.empty

  logging_configuration {
    level = var.level
  }

  encryption_configuration {
    type       = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id = aws_kms_key.k.arn
  }
}
