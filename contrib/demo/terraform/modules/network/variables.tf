variable "environment" {
  type = string
}

variable "cidr" {
  type        = string
  description = "Range of the machines"
  validation {
    condition     = can(cidrhost(var.cidr, 0))
    error_message = "cidr must be a range such as 10.20.0.0/16."
  }
}

variable "nameservers" {
  type    = list(string)
  default = ["10.0.0.53"]
}
