variable "name" { type = string }
variable "network_id" { type = string }
variable "kubernetes" {
  type    = string
  default = "1.31"
}
variable "nodes" { type = number }
variable "flavor" {
  type    = string
  default = "m2.large"
}
variable "production" {
  type    = bool
  default = false
}
