data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# `name` is what versions 4 and 5 of the provider call the Region; version 6 still knows it, and prefers `region`.
data "aws_region" "current" {}

variable "orders" {
  type        = string
  description = "What `Orders` stands for in template.yaml"
}

variable "charge" {
  type        = string
  description = "What `Charge` stands for in template.yaml"
}

variable "news_topic_name" {
  type        = string
  description = "What `News.TopicName` stands for in template.yaml"
}

variable "review_queue_name" {
  type        = string
  description = "What `Review.QueueName` stands for in template.yaml"
}

variable "order_flow_name" {
  type        = string
  description = "What `OrderFlow.Name` stands for in template.yaml"
}

variable "inbox" {
  type        = string
  description = "What `Inbox` stands for in template.yaml"
}

variable "import_flow_name" {
  type        = string
  description = "What `ImportFlow.Name` stands for in template.yaml"
}

# The execution role of OrderFlow (template.yaml).
resource "aws_iam_role" "order_flow" {
  assume_role_policy = data.aws_iam_policy_document.order_flow_trust.json
}

data "aws_iam_policy_document" "order_flow_trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${var.order_flow_name}"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role_policy" "order_flow" {
  role   = aws_iam_role.order_flow.id
  policy = data.aws_iam_policy_document.order_flow.json
}

data "aws_iam_policy_document" "order_flow" {
  statement {
    sid       = "DynamodbPutItem"
    effect    = "Allow"
    actions   = ["dynamodb:PutItem"]
    resources = ["arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:table/${var.orders}"]
  }

  statement {
    sid       = "DynamodbQuery"
    effect    = "Allow"
    actions   = ["dynamodb:Query"]
    resources = ["arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:table/${var.orders}/index/by-customer"]
  }

  statement {
    sid       = "LambdaInvokeFunction"
    effect    = "Allow"
    actions   = ["lambda:InvokeFunction"]
    resources = ["arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:function:${var.charge}"]
  }

  statement {
    sid       = "SnsPublish"
    effect    = "Allow"
    actions   = ["sns:Publish"]
    resources = ["arn:${data.aws_partition.current.partition}:sns:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${var.news_topic_name}"]
  }

  statement {
    sid       = "SqsSendMessage"
    effect    = "Allow"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:${var.review_queue_name}"]
  }
}

# The execution role of ImportFlow (template.yaml).
resource "aws_iam_role" "import_flow" {
  assume_role_policy = data.aws_iam_policy_document.import_flow_trust.json
}

data "aws_iam_policy_document" "import_flow_trust" {
  statement {
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values = [
        "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${var.import_flow_name}",
        "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${var.import_flow_name}/*",
      ]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role_policy" "import_flow" {
  role   = aws_iam_role.import_flow.id
  policy = data.aws_iam_policy_document.import_flow.json
}

data "aws_iam_policy_document" "import_flow" {
  statement {
    sid       = "S3GetObject"
    effect    = "Allow"
    actions   = ["s3:GetObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.inbox}/in/*"]
  }

  statement {
    sid       = "S3ListBucket"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.inbox}"]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["in/"]
    }
  }

  statement {
    sid       = "StatesDescribeExecution"
    effect    = "Allow"
    actions   = ["states:DescribeExecution"]
    resources = ["arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:execution:${var.import_flow_name}:*"]
  }

  statement {
    sid       = "StatesRedriveExecution"
    effect    = "Allow"
    actions   = ["states:RedriveExecution"]
    resources = ["arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:execution:${var.import_flow_name}/*:*"]
  }

  statement {
    sid     = "StatesStartExecution"
    effect  = "Allow"
    actions = ["states:StartExecution"]
    resources = [
      "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${var.import_flow_name}",
      "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:${var.order_flow_name}",
    ]
  }
}
