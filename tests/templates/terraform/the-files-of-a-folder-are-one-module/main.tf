resource "aws_sfn_state_machine" "one" {
  name       = "one"
  role_arn   = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("flow.json", { topic = aws_sns_topic.news.arn })
}
