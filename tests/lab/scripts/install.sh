#!/bin/sh
# The lab's stand-in for K3s' installer (https://get.k3s.io): makes the unit, its environment file, the links and the
# scripts to stop and to uninstall, for a k3s that lies in /usr/local/bin already. It downloads nothing.
# Usage: install.sh [server|agent] [FLAG...]
# Environment: INSTALL_K3S_SKIP_DOWNLOAD must be true; INSTALL_K3S_EXEC, INSTALL_K3S_VERSION, INSTALL_K3S_SKIP_START,
# INSTALL_K3S_SKIP_ENABLE, INSTALL_K3S_FORCE_RESTART, INSTALL_K3S_NAME; K3S_* go into the unit's environment
set -eu

bin=/usr/local/bin
units=/etc/systemd/system

info() { echo "[INFO]  $*"; }
fatal() {
  echo "[ERROR]  $*" >&2
  exit 1
}

info "This is the lab's stand-in for K3s' installer"
[ "$(id -u)" = 0 ] || fatal "run it as root"
[ "${INSTALL_K3S_SKIP_DOWNLOAD:-false}" = true ] || fatal "the lab's installer downloads nothing: set INSTALL_K3S_SKIP_DOWNLOAD=true"
[ -x "$bin/k3s" ] || fatal "Executable k3s binary not found at $bin/k3s"

# INSTALL_K3S_EXEC comes before the arguments, and a command before the flags.
# shellcheck disable=SC2086 # words of the variable are arguments
set -- ${INSTALL_K3S_EXEC:-} "$@"
case "${1:-}" in
-* | "") if [ -n "${K3S_URL:-}" ]; then command=agent; else command=server; fi ;;
*)
  command=$1
  shift
  ;;
esac
if [ -n "${INSTALL_K3S_NAME:-}" ]; then
  name=k3s-$INSTALL_K3S_NAME
elif [ "$command" = server ]; then
  name=k3s
else
  name=k3s-$command
fi
unit=$units/$name.service
state() { sha256sum "$bin/k3s" "$unit" "$unit.env" 2>/dev/null || true; }
before=$(state)

for link in kubectl ctr; do
  if [ -L "$bin/$link" ] || ! command -v "$link" >/dev/null 2>&1; then
    info "Creating $bin/$link symlink to k3s"
    ln -sf k3s "$bin/$link"
  else
    info "Skipping $bin/$link symlink to k3s, command exists in PATH"
  fi
done

info "Creating killall script $bin/k3s-killall.sh"
cat >"$bin/k3s-killall.sh" <<'KILLALL'
#!/bin/sh
# The lab's stand-in for K3s' killall script: ends K3s, its pods and its network. It leaves cali* alone, as K3s' does.
for unit in /etc/systemd/system/k3s*.service; do
  [ -f "$unit" ] && systemctl stop "$(basename "$unit")"
done
pids=$(pgrep -f '^/usr/bin/containerd-shim-runc-v2 .*-address /run/k3s/containerd' || true)
for pid in $pids; do
  # shellcheck disable=SC2046 # one argument a process
  kill -9 "$pid" $(pgrep -P "$pid") 2>/dev/null
done
for prefix in /run/k3s /var/lib/kubelet/pods /var/lib/kubelet/plugins /run/netns/cni-; do
  awk -v prefix="$prefix" 'index($2, prefix) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r folder; do
    umount -l "$folder"
    case "$folder" in /run/netns/*) rm -f "$folder" ;; esac
  done
done
ip link show 2>/dev/null | sed -n 's/^[0-9]*: \([^@:]*\)[@:].* master cni0 .*/\1/p' | while read -r link; do ip link delete "$link"; done
for link in cni0 flannel.1; do ip link delete "$link" 2>/dev/null; done
rm -rf /var/lib/cni/
for family in iptables ip6tables; do
  $family-save | grep -v KUBE- | grep -v CNI- | grep -iv flannel | $family-restore
done
exit 0
KILLALL
chmod 755 "$bin/k3s-killall.sh"

info "Creating uninstall script $bin/$name-uninstall.sh"
cat >"$bin/$name-uninstall.sh" <<UNINSTALL
#!/bin/sh
# The lab's stand-in for K3s' uninstall script.
$bin/k3s-killall.sh
systemctl disable $name
systemctl reset-failed $name
rm -f $unit $unit.env
systemctl daemon-reload
for link in kubectl ctr; do
  [ -L $bin/\$link ] && rm -f $bin/\$link
done
rm -rf /etc/rancher/k3s /run/k3s /run/flannel /var/lib/rancher/k3s /var/lib/kubelet
rm -f $bin/k3s $bin/k3s-killall.sh "\$0"
UNINSTALL
chmod 755 "$bin/$name-uninstall.sh"

info "env: Creating environment file $unit.env"
rm -f "$unit.env"
(
  umask 077
  env | sed -n -E '/^(K3S_|CONTAINERD_|HTTP_PROXY|HTTPS_PROXY|NO_PROXY)/p' >"$unit.env"
)

info "systemd: Creating service file $unit"
{
  cat <<UNIT
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-$unit.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=$bin/k3s \\
    $command \\
UNIT
  for flag in "$@"; do printf "\t'%s' \\\\\n" "$flag"; done
  echo
} >"$unit"
chmod 644 "$unit"

if [ "${INSTALL_K3S_SKIP_ENABLE:-false}" = true ]; then exit 0; fi
info "systemd: Enabling $name unit"
systemctl enable "$unit"
systemctl daemon-reload
if [ "${INSTALL_K3S_SKIP_START:-false}" = true ]; then exit 0; fi
# Like K3s' installer: config.yaml is not looked at.
if [ "$before" = "$(state)" ] && [ "${INSTALL_K3S_FORCE_RESTART:-false}" != true ]; then
  info "No change detected so skipping service start"
  exit 0
fi
info "systemd: Starting $name"
systemctl restart "$name"
