resource "aws_sfn_state_machine" "flow" {
  for_each   = toset(["a", "b"])
  name       = "flow-${each.key}"
  role_arn   = aws_iam_role.shared.arn
  definition = jsonencode({
    StartAt = "Call"
    States  = { Call = { Type = "Task", Resource = "arn:aws:states:::lambda:invoke", Parameters = { FunctionName = "f-${each.key}" }, End = true } }
  })
}

resource "aws_sfn_state_machine" "own" {
  for_each   = toset(["c", "d"])
  name       = "own-${each.key}"
  role_arn   = aws_iam_role.own[each.key].arn
  definition = each.key == "c" ? jsonencode({ StartAt = "Wait", States = { Wait = { Type = "Wait", Seconds = 1, End = true } } }) : file("none.json")
}

resource "aws_iam_role" "shared" {
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] })
  inline_policy {
    policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = [for name in ["a", "b", "c"] : "arn:aws:lambda:*:*:function:f-${name}"] }] })
  }
}

resource "aws_iam_role" "own" {
  for_each           = toset(["c", "d"])
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] })
  inline_policy {
    policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = "arn:aws:lambda:*:*:function:f-${each.key}" }] })
  }
}

resource "aws_sfn_state_machine" "late" {
  name       = "late"
  role_arn   = aws_iam_role.late.arn
  definition = jsonencode({ StartAt = "Wait", States = { Wait = { Type = "Wait", Seconds = 1, End = true } } })
}

resource "aws_sfn_state_machine" "unread" {
  name       = "unread"
  role_arn   = aws_iam_role.late.arn
  definition = file("none.json")
}

resource "aws_iam_role" "late" {
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = { Service = "states.amazonaws.com" }, Action = "sts:AssumeRole" }] })
  inline_policy {
    policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = "arn:aws:lambda:*:*:function:f" }] })
  }
}
