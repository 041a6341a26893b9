resource "aws_sfn_state_machine" "this" {
  name       = "flow"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("${path.module}/flow.json.tftpl", { queue_url = var.queue_url })
}
