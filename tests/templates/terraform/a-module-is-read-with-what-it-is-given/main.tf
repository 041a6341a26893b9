# Modules that lie in the project are read; another one is known by the names of its outputs only.
# https://developer.hashicorp.com/terraform/language/modules/sources#local-paths
variable "env" {
  default = "dev"
}

module "storage" {
  source = "./modules/storage"
  env    = var.env
}

module "bus" {
  source  = "terraform-aws-modules/eventbridge/aws"
  version = "3.0.0"
}

module "flow" {
  source    = "./modules/flow"
  env       = var.env
  table     = module.storage.table_name
  bus_arn   = module.bus.eventbridge_bus_arn
  role_name = "flow"
}

module "unused" {
  source    = "./modules/flow"
  create    = false
  env       = var.env
  table     = "unused"
  bus_arn   = "unused"
  role_name = "unused"
}
