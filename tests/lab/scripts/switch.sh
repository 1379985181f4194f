#!/bin/sh
# Makes the network of one lab: a bridge that is also the admin machine (192.0.2.1, the hosts' default gateway).
# Runs once, as root in the lab's own mount and network namespace.
# Environment: DISKS (mount point of the hosts' disks), DISK_SIZE (of all of them, as tmpfs takes it)
set -eu

mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/netns
# The hosts' roots are overlays of the machine's root, and an overlay cannot be written to below what it covers.
mount -t tmpfs -o "mode=0755,size=$DISK_SIZE" tmpfs "$DISKS"

ip link set lo up
ip link add br0 type bridge
ip address add 192.0.2.1/24 dev br0
ip link set br0 up
# Frames between hosts are none of this machine's firewall.
for family in iptables ip6tables arptables; do
  echo 0 >"/proc/sys/net/bridge/bridge-nf-call-$family" 2>/dev/null || true
done
