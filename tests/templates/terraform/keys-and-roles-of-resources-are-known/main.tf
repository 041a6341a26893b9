resource "aws_kms_key" "k" {}

resource "aws_sqs_queue" "secret" {
  kms_master_key_id = aws_kms_key.k.arn
}

resource "aws_sqs_queue" "open" {}

resource "aws_s3_bucket" "b" {}

resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.k.arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_iam_role" "task" {}

resource "aws_ecs_task_definition" "job" {
  family        = "job"
  task_role_arn = aws_iam_role.task.arn
}

resource "aws_sfn_state_machine" "flow" {
  definition = jsonencode({
    StartAt = "Secret"
    States = {
      Secret = { Type = "Task", Resource = "arn:aws:states:::sqs:sendMessage", Parameters = { QueueUrl = aws_sqs_queue.secret.url, MessageBody = "x" }, Next = "Open" }
      Open   = { Type = "Task", Resource = "arn:aws:states:::sqs:sendMessage", Parameters = { QueueUrl = aws_sqs_queue.open.id, MessageBody = "x" }, Next = "Keep" }
      Keep   = { Type = "Task", Resource = "arn:aws:states:::aws-sdk:s3:putObject", Parameters = { Bucket = aws_s3_bucket.b.bucket, Key = "k", Body = "x" }, Next = "Run" }
      Run    = { Type = "Task", Resource = "arn:aws:states:::ecs:runTask", Parameters = { Cluster = "c", TaskDefinition = aws_ecs_task_definition.job.arn }, End = true }
    }
  })
  role_arn = aws_iam_role.task.arn
}
