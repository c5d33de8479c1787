terraform {
  required_version = ">= 1.6"
  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = "~> 2.1"
    }
  }
  backend "s3" {
    bucket = "inkwell-terraform"
    key    = "production.tfstate"
    region = "eu-central-1"
  }
}

module "network" {
  source      = "../../modules/network"
  environment = "production"
  cidr        = var.cidr
}

module "cluster_a" {
  source     = "../../modules/cluster"
  name       = "a"
  production = true
  nodes      = var.nodes
  network_id = module.network.network_id
}

variable "cidr" { type = string }
variable "nodes" { type = number }
