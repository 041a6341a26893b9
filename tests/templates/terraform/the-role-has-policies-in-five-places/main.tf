# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}

resource "aws_sqs_queue" "q" {}

locals {
  tables = ["orders", "users"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.me.account_id]
    }
  }
}

data "aws_iam_policy_document" "base" {
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTraceSegments"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "tables" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]

  dynamic "statement" {
    for_each = local.tables
    content {
      effect    = "Allow"
      actions   = ["dynamodb:PutItem"]
      resources = ["arn:aws:dynamodb:${data.aws_region.here.name}:${data.aws_caller_identity.me.account_id}:table/${statement.value}"]
    }
  }

  statement {
    effect        = "Deny"
    not_actions   = ["dynamodb:*"]
    not_resources = ["arn:aws:s3:::&{aws:username}"]
  }
}

resource "aws_iam_role" "flow" {
  name               = "flow"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  managed_policy_arns = ["arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"]

  inline_policy {
    name   = "inline"
    policy = <<EOF
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "${aws_sqs_queue.q.arn}"}}
EOF
  }
}

resource "aws_iam_role_policy" "own" {
  role   = aws_iam_role.flow.id
  policy = data.aws_iam_policy_document.tables.json
}

resource "aws_iam_policy" "attached" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sns:Publish"], Resource = ["*"] }] })
}

resource "aws_iam_role_policy_attachment" "attached" {
  role       = aws_iam_role.flow.name
  policy_arn = aws_iam_policy.attached.arn
}

resource "aws_iam_policy_attachment" "managed" {
  name       = "managed"
  roles      = ["other", "flow"]
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

resource "aws_iam_role_policy" "of_another" {
  role   = "other"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}

resource "aws_iam_role_policy" "unread" {
  role   = aws_iam_role.flow.name
  policy = var.policy
}

variable "policy" {}

resource "aws_sfn_state_machine" "flow" {
  name       = "flow"
  role_arn   = aws_iam_role.flow.arn
  definition = jsonencode({ StartAt = "A", States = { A = { Type = "Succeed" } } })
}
