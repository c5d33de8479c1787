resource "openstack_containerinfra_cluster_v1" "this" {
  name                = var.name
  cluster_template_id = data.openstack_containerinfra_clustertemplate_v1.this.id
  master_count        = var.production ? 3 : 1
  node_count          = var.nodes
  flavor              = var.flavor
  fixed_network       = var.network_id

  labels = {
    auto_healing_enabled = "true"
    auto_scaling_enabled = tostring(var.production)
  }
}

data "openstack_containerinfra_clustertemplate_v1" "this" {
  name = "kubernetes-${var.kubernetes}"
}
