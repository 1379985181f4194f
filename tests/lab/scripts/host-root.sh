#!/bin/sh
# Mounts the root of a lab host and becomes its first process. Runs in the host's own namespaces.
# Environment: NAME, HOSTS (content of /etc/hosts), DISK (its disk), RANCHER and LOGS (folders of the machine that become
# /var/lib/rancher and /var/log/lab), COMPONENTS (lines "NAME PATH"), INIT (path), CGROUP, FILES (folder copied on the first boot)
set -eu

root=$DISK/root
hostname "$NAME"
mkdir -p "$root" "$DISK/upper" "$DISK/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$DISK/upper,workdir=$DISK/work" "$root"

if [ ! -e "$root/etc/lab/installed" ]; then
  # What the machine itself has of this is none of the host's.
  for path in etc/systemd/system etc/rancher etc/cni opt/cni opt/k3s-pinned var/lib/cni var/lib/kubelet \
    var/lib/calico var/lib/seldon-k3s var/log usr/local/lib/seldon-k3s; do
    rm -rf "${root:?}/$path"
  done
  mkdir -p "$root/etc/systemd/system/multi-user.target.wants" "$root/etc/lab" "$root/usr/local/lib/lab-k3s/bin/cni" "$root/var/log/lab" \
    "$root/var/lib/rancher" "$root/etc/ssh" "$root/root"
  cp -a "$FILES/." "$root/"
  # A home of its own: what this machine's shells run when somebody logs in is none of the host's.
  mkdir -m 0700 "$DISK/home"
  if [ -d "$FILES/root" ]; then cp -a "$FILES/root/." "$DISK/home/"; fi
  printf '%s\n' "$NAME" >"$root/etc/hostname"
  ln -sf /usr/local/lib/lab-k3s/init "$root/usr/bin/systemctl"
  ln -sf /usr/local/lib/lab-k3s/init "$root/usr/bin/journalctl"
  touch "$root/usr/local/lib/lab-k3s/init" "$root/etc/lab/installed"
fi
rm -f "$root/etc/resolv.conf"
echo 'nameserver 192.0.2.1' >"$root/etc/resolv.conf"
printf '%s\n' "$HOSTS" >"$root/etc/hosts"

mount -t proc proc "$root/proc"
# Settings of the whole machine are not the host's to change; those of its network are.
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount --rbind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx" 2>/dev/null || true
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/run/sshd" "$root/run/lock"

mount -t tmpfs -o mode=0755 tmpfs "$root/sys/fs/cgroup" 2>/dev/null || true
while read -r _ folder kind _; do
  case "$folder:$kind" in
  /sys/fs/cgroup:cgroup2)
    # A group that hands controllers on holds no process itself.
    mkdir -p "$folder/$CGROUP/init"
    echo 1 >"$folder/$CGROUP/init/cgroup.procs"
    for controller in $(tr " " "\n" <"$folder/$CGROUP/cgroup.controllers"); do
      echo "+$controller" >"$folder/$CGROUP/cgroup.subtree_control" 2>/dev/null || true
    done
    mount --bind "$folder/$CGROUP" "$root$folder"
    ;;
  /sys/fs/cgroup/*:cgroup | /sys/fs/cgroup/*:cgroup2)
    mkdir -p "$root$folder"
    mount --bind "$folder/$CGROUP" "$root$folder"
    ;;
  esac
done <<MOUNTS
$(cat /proc/self/mounts)
MOUNTS

mount --bind "$DISK/home" "$root/root"
mount --bind "$RANCHER" "$root/var/lib/rancher"
mount --bind "$LOGS" "$root/var/log/lab"
mount --bind "$INIT" "$root/usr/local/lib/lab-k3s/init"
echo "$COMPONENTS" | while read -r component path; do
  [ -n "$component" ] || continue
  target=$root/usr/local/lib/lab-k3s/bin/$component
  [ -e "$target" ] || touch "$target"
  mount --bind "$path" "$target"
done

mkdir -p "$root/.machine"
cd "$root"
pivot_root . .machine
umount -l /.machine
rmdir /.machine
mount --make-rshared /
unset HOSTS DISK RANCHER LOGS COMPONENTS INIT FILES SCRIPTS
exec chroot . /usr/local/lib/lab-k3s/init boot
