variable "name" {}
variable "definition" {}

module "machine" {
  source     = "./modules/machine"
  name       = var.name
  definition = var.definition
}
