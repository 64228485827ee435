variable "x" { type = string }
variable "names" { default = ["a", "b"] }
locals {
  arns = [for n in var.names : "arn:aws:s3:::${n}/*"]
  all  = merge({ a = 1 }, { b = var.x })
}
data "aws_caller_identity" "current" {}
data "aws_iam_policy_document" "d" {
  source_policy_documents = [data.aws_iam_policy_document.e.json]
  statement {
    sid       = "A"
    actions   = concat(["s3:GetObject"], [for a in ["sqs:Send*"] : lower(a)])
    resources = flatten([local.arns, var.x])
    condition {
      test     = "StringEquals"
      variable = "aws:username"
      values   = ["&{aws:username}"]
    }
  }
  dynamic "statement" {
    for_each = toset(["a"])
    content {
      effect    = "Deny"
      actions   = ["*"]
      resources = [format("arn:aws:s3:::%s", statement.value)]
    }
  }
}
data "aws_iam_policy_document" "e" {
  statement {
    actions   = ["ec2:*"]
    resources = ["*"]
  }
}
resource "aws_iam_role" "head" {
  count = 2
  name  = "head-${count.index}"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_iam_role_policy" "p" {
  for_each = { a = "x" }
  role     = aws_iam_role.head[0].name
  policy = <<-EOT
    {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:${data.aws_caller_identity.current.account_id}:$${aws:username}-${each.value}"}
      %{ if true }, {"Effect": "Deny", "Action": "sns:*", "Resource": "*"} %{ endif }
    ]}
  EOT
}
resource "aws_iam_policy" "q" {
  policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_role_policy_attachment" "at" {
  role       = aws_iam_role.head[1].name
  policy_arn = aws_iam_policy.q.arn
}
