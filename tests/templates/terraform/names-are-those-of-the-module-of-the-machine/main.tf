# A role beside a machine says what its module says: its own resources, outputs of a module it calls, variables it is given.
# https://developer.hashicorp.com/terraform/language/expressions/references
variable "env" {
  default = "dev"
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs-${var.env}"
}

resource "aws_dynamodb_table" "hidden" {
  name = "hidden"
}

module "flow" {
  source = "./flow"
  jobs   = aws_sqs_queue.jobs.url
  name   = "flow-${var.env}"
  hidden = [aws_dynamodb_table.hidden.name]
}

resource "aws_sfn_state_machine" "outer" {
  name     = "outer"
  role_arn = "arn:aws:iam::111122223333:role/outer"
  definition = jsonencode({
    StartAt = "Start"
    States = {
      Start = {
        Type       = "Task"
        Resource   = "arn:aws:states:::states:startExecution"
        Parameters = { StateMachineArn = module.flow.machine, Input = {} }
        Next       = "Put"
      }
      Put = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:putItem"
        Parameters = { TableName = "${lower(replace(var.env, "e", "x"))}-${module.flow.kept}", Item = {} }
        Next       = "Get"
      }
      Get = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:getItem"
        Parameters = { TableName = upper(aws_dynamodb_table.hidden.name), Key = {} }
        Next       = "Cut"
      }
      Cut = {
        Type       = "Task"
        Resource   = "arn:aws:states:::dynamodb:deleteItem"
        Parameters = { TableName = trimsuffix(var.env, "v"), Key = {} }
        End        = true
      }
    }
  })
}
