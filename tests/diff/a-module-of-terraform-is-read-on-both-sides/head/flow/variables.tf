variable "queue_url" {}
