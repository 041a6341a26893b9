variable "env" {}
variable "table" {}
variable "bus_arn" {}
variable "role_name" {}

variable "type" {
  default = "EXPRESS"
}

variable "create" {
  default = true
}

variable "key" {
  default = null
}
