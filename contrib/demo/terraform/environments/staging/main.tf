terraform {
  required_version = ">= 1.6"
  backend "s3" {
    bucket = "inkwell-terraform"
    key    = "staging.tfstate"
    region = "eu-central-1"
  }
}

module "network" {
  source      = "../../modules/network"
  environment = "staging"
  cidr        = var.cidr
}

module "cluster_b" {
  source     = "../../modules/cluster"
  name       = "b"
  nodes      = 3
  network_id = module.network.network_id
}

variable "cidr" { type = string }
