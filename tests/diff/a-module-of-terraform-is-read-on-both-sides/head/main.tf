resource "aws_sqs_queue" "work" {
  for_each = toset(["in", "out"])
}

module "flow" {
  source    = "./flow"
  queue_url = aws_sqs_queue.work["out"].url
}
