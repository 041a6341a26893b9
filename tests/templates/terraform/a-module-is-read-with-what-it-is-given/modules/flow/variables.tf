variable "env" {}
variable "table" {}
variable "bus_arn" {}
variable "role_name" {}
