# K3s as it runs on this machine: its process, its readiness, the CNI folders that its containerd uses. Sourced, never run.
# shellcheck shell=sh

K3S_DATA=/var/lib/rancher/k3s
CONTAINERD_CONFIG=$K3S_DATA/agent/etc/containerd/config.toml
FLANNEL_CONF_DIR=$K3S_DATA/agent/etc/cni/net.d

# main_process UNIT: identity of the unit's main process (process_identity); nothing when it does not run.
main_process() {
  main_pid=$(systemctl show -p MainPID --value "$1.service" 2>/dev/null || true)
  case $main_pid in
  '' | 0 | *[!0-9]*) ;;
  *) process_identity "$main_pid" ;;
  esac
}

unit_state() { systemctl is-active "$1.service" 2>/dev/null || true; }

unit_active() { [ "$(unit_state "$1")" = active ]; }

# changed_when PATH IDENTITY: before or after, as the file was last changed before or after the process started; unsure where
# the clocks do not tell. The kernel counts a start from boot, so the clock is read between two looks at that count.
changed_when() {
  when_start=${2#* }
  # A stat that knows no fractions gives the beginning of the second, and so does a date.
  when_changed=$(stat -c %.2Y "$1" 2>/dev/null || stat -c %Y "$1")
  read -r when_up _ </proc/uptime
  when_clock=$(date +%s.%N | sed -e 's/\.%\{0,1\}N$//')
  read -r when_up_then _ </proc/uptime
  awk -v changed="$when_changed" -v ticks="${when_start%% *}" -v hertz="$(getconf CLK_TCK 2>/dev/null || echo 100)" \
    -v clock="$when_clock" -v up="$when_up" -v up_then="$when_up_then" 'BEGIN {
      coarse = (index(changed, ".") && index(clock, ".")) ? 0.02 : 1
      if (changed + coarse < clock - up_then + ticks / hertz) print "before"
      else if (changed - coarse > clock - up + ticks / hertz) print "after"
      else print "unsure"
    }'
}

# datastore: sqlite, etcd, external, or none on a machine without one.
datastore() {
  if [ -n "$(effective datastore-endpoint)" ]; then
    echo external
  elif [ -d "$K3S_DATA/server/db/etcd" ]; then
    echo etcd
  elif [ -e "$K3S_DATA/server/db/state.db" ]; then
    echo sqlite
  else
    echo none
  fi
}

# containerd_backend: which Flannel backend the running containerd was configured for, vxlan or none, by its CNI folder;
# nothing when K3s has not written the file. K3s writes it anew at each start.
containerd_backend() {
  [ -f "$CONTAINERD_CONFIG" ] || return 0
  backend_dir=$(
    awk -F '=' '
      /^[ \t]*\[/ { cni = $0 ~ /\.cni[\047"]?\]/; next }
      cni && $1 ~ /^[ \t]*conf_dir[ \t]*$/ { gsub(/[ \t"\047]/, "", $2); print $2 }
    ' "$CONTAINERD_CONFIG" | tail -n 1
  )
  case $backend_dir in
  "$FLANNEL_CONF_DIR") echo vxlan ;;
  '' | /etc/cni/net.d) echo none ;;
  *) printf 'another folder: %s\n' "$backend_dir" ;;
  esac
}

# backend_is BACKEND
backend_is() { [ "$(containerd_backend)" = "$1" ]; }

# backend_settled UNIT BACKEND: for wait_until; ends with 3 when K3s has written another one since it started.
backend_settled() {
  if backend_is "$2"; then return 0; fi
  settled_process=$(main_process "$1")
  if [ -f "$CONTAINERD_CONFIG" ] && [ -n "$settled_process" ] &&
    [ "$(changed_when "$CONTAINERD_CONFIG" "$settled_process")" = after ]; then
    # Written, and perhaps between our two looks.
    backend_is "$2" || return 3
    return 0
  fi
  return 1
}

# own_template: path of a containerd template that does not start from K3s' own and so may fix the CNI folders.
own_template() {
  for template in "$CONTAINERD_CONFIG.tmpl" "${CONTAINERD_CONFIG%/*}/config-v3.toml.tmpl"; do
    if [ -f "$template" ] && ! sed -n -e '/[^[:space:]]/{p;q;}' "$template" | grep -q 'template *"base"'; then
      printf '%s\n' "$template"
    fi
  done
}

# kubectl ARGUMENTS...: K3s' own; bounded. On a server as the administrator, on an agent as its kubelet, which may read
# its own Node and Lease only.
kubectl() {
  if [ "${role:-server}" = agent ]; then
    kubectl_config=$K3S_DATA/agent/kubelet.kubeconfig
  else
    kubectl_config=$(effective write-kubeconfig)
  fi
  timeout "${KUBECTL_SECONDS:-20}" k3s kubectl --kubeconfig "$kubectl_config" --request-timeout 10s "$@"
}

# api_ready: this server's own API server answers that it is ready.
api_ready() { [ "$(kubectl get --raw /readyz 2>/dev/null)" = ok ]; }

# condition NODE TYPE: status of a node's condition; nothing when it has none.
condition() { kubectl get node "$1" -o "jsonpath={.status.conditions[?(@.type==\"$2\")].status}" 2>/dev/null; }

# process_back UNIT OLD: the unit is active with a process other than OLD (an identity; '' for any). Ends with 3 when systemd
# has given the unit up, or K3s has ended five times.
process_back() {
  back_now=$(main_process "$1")
  if [ -n "$back_now" ] && [ "$back_now" != "${back_seen:-}" ]; then
    back_seen=$back_now
    back_count=$((${back_count:-0} + 1))
    if [ "$back_count" -gt 5 ]; then
      say "K3s ended and was started again five times"
      return 3
    fi
  fi
  back_state=$(unit_state "$1")
  if [ "$back_state" = failed ]; then return 3; fi
  [ -n "$back_now" ] && [ "$back_now" != "$2" ] && [ "$back_state" = active ]
}

# server_back UNIT OLD: for wait_until. Its process is back, the API is ready, and a member of etcd votes.
server_back() {
  process_back "$@" || return $?
  api_ready || return 1
  if [ "$(datastore)" = etcd ]; then
    case $(condition "$(node_name)" EtcdIsVoter) in
    True | '') ;;
    *) return 1 ;;
    esac
  fi
}

# wait_back ROLE UNIT OLD SECONDS
wait_back() {
  back_seen=$3
  back_count=0
  if [ "$1" = server ]; then
    wait_until "$4" "K3s on this server (API ready)" server_back "$2" "$3"
  else
    wait_until "$4" "K3s on this agent" process_back "$2" "$3"
  fi
}

# last_words UNIT: the end of K3s' own log, without what looks like a secret.
last_words() {
  if has journalctl; then
    journalctl -u "$1.service" -n 15 --no-pager -o cat 2>/dev/null |
      sed -e 's/K10[0-9a-f]*::[^ "]*/[secret]/g' -e 's/\([Tt]oken[=: ]*\)[^ "]*/\1[secret]/g' -e 's|://[^/@ ]*@|://[secret]@|g' || true
  fi
}
