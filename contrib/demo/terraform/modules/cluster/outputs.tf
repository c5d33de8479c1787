output "kubeconfig" {
  value     = openstack_containerinfra_cluster_v1.this.kubeconfig
  sensitive = true
}
