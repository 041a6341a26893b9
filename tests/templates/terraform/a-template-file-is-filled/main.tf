# Only the variables that it is given mean anything in the file.
# https://developer.hashicorp.com/terraform/language/functions/templatefile
resource "aws_dynamodb_table" "orders" {
  name     = "orders"
  hash_key = "id"
}

resource "aws_lambda_function" "check" {
  function_name = "check"
}

resource "aws_sfn_state_machine" "flow" {
  name     = "flow"
  role_arn = "arn:aws:iam::111122223333:role/flow"
  definition = templatefile("${path.module}/machine/flow.asl.json", {
    table    = aws_dynamodb_table.orders.name
    function = { arn = aws_lambda_function.check.arn }
    attempts = 3
  })
}
