output "network_id" {
  value = openstack_networking_network_v2.main.id
}

output "edge_group" {
  value = openstack_networking_secgroup_v2.edge.name
}
