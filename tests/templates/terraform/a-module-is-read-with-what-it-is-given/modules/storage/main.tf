variable "env" {}

resource "aws_dynamodb_table" "orders" {
  name     = "orders-${var.env}"
  hash_key = "id"
}

output "table_name" {
  value = aws_dynamodb_table.orders.name
}
