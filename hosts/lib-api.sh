# What keeps two servers from being down at once: the cluster's restart Lease, and a look at the other servers.
# Sourced after lib-node.sh, never run.
# shellcheck shell=sh

LEASE_PATH=/apis/coordination.k8s.io/v1/namespaces/kube-system/leases
LEASE=seldon-k3s-restart

# lease_object HOLDER SECONDS [RESOURCE_VERSION]
lease_object() {
  lease_time=$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)
  lease_version_field=''
  if [ -n "${3:-}" ]; then lease_version_field=$(printf ',"resourceVersion":"%s"' "$3"); fi
  cat <<OBJECT
{"apiVersion":"coordination.k8s.io/v1","kind":"Lease",
 "metadata":{"name":"$LEASE","namespace":"kube-system"$lease_version_field},
 "spec":{"holderIdentity":"$1","leaseDurationSeconds":$2,"acquireTime":"$lease_time","renewTime":"$lease_time"}}
OBJECT
}

# lease_now: "VERSION DURATION RENEWED HOLDER"; nothing without a Lease.
lease_now() {
  kubectl -n kube-system get lease "$LEASE" --ignore-not-found \
    -o 'jsonpath={.metadata.resourceVersion} {.spec.leaseDurationSeconds} {.spec.renewTime} {.spec.holderIdentity}'
}

# epoch_of TIME: seconds since the epoch of a time such as 2026-01-31T12:00:00.000000Z.
epoch_of() { date -u -d "$(printf '%s' "$1" | sed -e 's/T/ /' -e 's/[.Z].*//')" +%s; }

# lease_try: for wait_until; takes the Lease for LEASE_HOLDER when it is free, our own or expired.
lease_try() {
  lease_found=$(lease_now 2>"$WORK/lease-error") || return 1
  if [ -z "$lease_found" ]; then
    lease_object "$LEASE_HOLDER" "$LEASE_SECONDS" | kubectl create -f - >/dev/null 2>"$WORK/lease-error"
    return
  fi
  read -r lease_version lease_duration lease_renewed lease_holder <<FOUND
$lease_found
FOUND
  if [ -n "$lease_holder" ] && [ "$lease_holder" != "$LEASE_HOLDER" ]; then
    lease_left=$(($(epoch_of "$lease_renewed") + lease_duration - $(date +%s)))
    if [ "$lease_left" -gt 0 ]; then
      if [ "${lease_said:-}" != "$lease_holder" ]; then
        lease_said=$lease_holder
        say "waiting for $lease_holder, which holds the restart lease for at most $lease_left s more"
      fi
      printf 'held by %s' "$lease_holder" >"$WORK/lease-error"
      return 1
    fi
    say "the restart lease of $lease_holder has expired; taking it over"
  fi
  lease_object "$LEASE_HOLDER" "$LEASE_SECONDS" "$lease_version" | kubectl replace -f - >/dev/null 2>"$WORK/lease-error"
}

# lease_take SECONDS_VALID SECONDS_TO_WAIT
lease_take() {
  LEASE_HOLDER=$(node_name)
  LEASE_SECONDS=$1
  lease_said=''
  wait_until "$2" "the restart lease" lease_try ||
    fail "cannot take the restart lease kube-system/$LEASE within $2 s: $(cat "$WORK/lease-error" 2>/dev/null); allowed: one server at a time. Wait for the other server, or delete the lease when nobody works on it: k3s kubectl -n kube-system delete lease $LEASE"
}

# lease_gone: for wait_until; deletes the Lease where it is ours.
lease_gone() {
  lease_found=$(lease_now 2>/dev/null) || return 1
  [ "${lease_found##* }" = "$(node_name)" ] || return 0
  printf '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"%s"}}\n' "${lease_found%% *}" |
    kubectl delete --raw "$LEASE_PATH/$LEASE" -f - >/dev/null 2>&1
}

# lease_drop SECONDS: gives the Lease back when it is ours. An API that has just come back fails now and then, and the next
# server would wait until the Lease expires; so this is tried for so long.
lease_drop() {
  wait_until "$1" "the API, to give the restart lease back" lease_gone ||
    say "note: the API does not take the restart lease kube-system/$LEASE back; another server waits until it expires"
}

# node_up NODE: 0 when its kubelet and, where told, its etcd member are well. A node that is NotReady for want of a CNI only
# is up: between two CNIs that is its normal state.
node_up() {
  up_found=$(
    kubectl get node "$1" -o 'jsonpath={range .status.conditions[*]}{.type}={.status}={.message}{"\n"}{end}' 2>"$WORK/up-error"
  ) || {
    printf '%s' "$(head -n 1 "$WORK/up-error")"
    return 1
  }
  up_voter=$(printf '%s\n' "$up_found" | sed -n -e 's/^EtcdIsVoter=\([A-Za-z]*\)=.*/\1/p')
  case $up_voter in
  '' | True) ;;
  *)
    printf 'its etcd member does not vote'
    return 1
    ;;
  esac
  up_ready=$(printf '%s\n' "$up_found" | sed -n -e 's/^Ready=//p')
  case $up_ready in
  True=*) return 0 ;;
  False=*'cni plugin not initialized'* | False=*NetworkReady=false*) return 0 ;;
  esac
  printf 'Ready is %s' "${up_ready:-not told}"
  return 1
}

# others_down: names and states of the servers in the request (key other-server) that are not up.
others_down() {
  for others_node in $(values other-server); do
    if [ "$others_node" != "$(node_name)" ] && ! others_why=$(node_up "$others_node"); then
      printf '%s: %s\n' "$others_node" "$others_why"
    fi
  done
}

# others_up: for wait_until.
others_up() { [ -z "$(others_down)" ]; }

# agent_reports UNIT SINCE: for wait_until. This agent's kubelet has told the API of itself after that second, and is well. A
# process that runs is not enough: one that finds no server, or that the servers refuse, stays active for ever.
agent_reports() {
  echo "its process does not stay" >"$WORK/why-not"
  process_back "$1" '' || return $?
  # The name that the servers know it by, which K3s may have made longer (with-node-id).
  if [ -z "${reports_node:-}" ]; then
    reports_user=$(kubectl auth whoami -o 'jsonpath={.status.userInfo.username}' 2>"$WORK/why-not") || return 1
    reports_node=${reports_user#system:node:}
  fi
  reports_renewed=$(kubectl -n kube-node-lease get lease "$reports_node" -o 'jsonpath={.spec.renewTime}' 2>"$WORK/why-not") || return 1
  if [ -z "$reports_renewed" ] || [ "$(epoch_of "$reports_renewed")" -le "$2" ]; then
    echo "its last report to the API is of ${reports_renewed:-never}" >"$WORK/why-not"
    return 1
  fi
  node_up "$reports_node" >"$WORK/why-not"
}

# agent_back ROLE UNIT SINCE SECONDS: waits for that; else WORK/why says what is missing. At once on a server.
agent_back() {
  if [ "$1" != agent ]; then return 0; fi
  reports_node=''
  wait_until "$4" "this agent's report to the API" agent_reports "$2" "$3" && return 0
  echo "K3s runs, but its kubelet is not well for the API after $4 s: $(head -n 1 "$WORK/why-not")" >"$WORK/why"
  return 1
}
