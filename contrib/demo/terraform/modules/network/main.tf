resource "openstack_networking_network_v2" "main" {
  name           = "inkwell-${var.environment}"
  admin_state_up = true
}

resource "openstack_networking_subnet_v2" "nodes" {
  name            = "nodes"
  network_id      = openstack_networking_network_v2.main.id
  cidr            = var.cidr
  ip_version      = 4
  dns_nameservers = var.nameservers
}

resource "openstack_networking_secgroup_v2" "edge" {
  name        = "edge-${var.environment}"
  description = "What the internet may reach"
}

resource "openstack_networking_secgroup_rule_v2" "https" {
  for_each          = toset(["80", "443"])
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = each.value
  port_range_max    = each.value
  remote_ip_prefix  = "0.0.0.0/0"
  security_group_id = openstack_networking_secgroup_v2.edge.id
}
