#!/bin/sh
# Powers a lab host on: a new network namespace on the bridge, a cgroup of its own, then its namespaces and first process.
# Runs in the lab's mount and network namespace. Kill the process that this becomes, and the host has lost its power.
# Environment: NAME, ADDRESS, CGROUP (relative path), and what host-root.sh needs
set -eu

# A host that lost its power leaves its network namespace: with it go links, routes and rules, as in a real reboot.
ip netns delete "$NAME" 2>/dev/null || true
ip netns add "$NAME"
ip link delete "v-$NAME" 2>/dev/null || true
ip link add "v-$NAME" type veth peer name eth0 netns "$NAME"
ip link set "v-$NAME" master br0 up
ip -n "$NAME" link set lo up
ip -n "$NAME" address add "$ADDRESS/24" dev eth0
ip -n "$NAME" link set eth0 up
ip -n "$NAME" route add default via 192.0.2.1 dev eth0

# One cgroup a host in every hierarchy, version 1 or 2.
while read -r _ folder kind _; do
  case "$kind" in
  cgroup | cgroup2) ;;
  *) continue ;;
  esac
  group=$folder/$CGROUP
  mkdir -p "$group"
  # cpuset, version 1: a group without processors takes no process.
  path=$folder
  for part in $(echo "$CGROUP" | tr / ' '); do
    for file in cpuset.cpus cpuset.mems; do
      [ -f "$path/$part/$file" ] && [ "$kind" = cgroup ] && cat "$path/$file" >"$path/$part/$file"
    done
    if [ "$kind" = cgroup2 ]; then
      for controller in $(tr " " "\n" <"$path/cgroup.controllers"); do
        echo "+$controller" >"$path/cgroup.subtree_control" 2>/dev/null || true
      done
    fi
    path=$path/$part
  done
  echo $$ >"$group/cgroup.procs"
done </proc/self/mounts

exec nsenter "--net=/run/netns/$NAME" \
  unshare --mount --uts --ipc --pid --cgroup --fork --kill-child --propagation private sh "$SCRIPTS/host-root.sh"
