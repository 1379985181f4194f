# A change of K3s on this machine: is it needed, may it be, remember the way back, write, restart, prove, or go back.
# Sourced after lib-conflicts.sh, never run.
#
# The program sets: role, unit, process, expect, policy, timeout_seconds, lease_wait; WORK/files lists the files.
# What it remembers on disk is enough to go on after a power cut anywhere.
# shellcheck shell=sh
# shellcheck disable=SC2154 # role, unit, process, ... are the program's

# Shared by all programs that change K3s: one that was interrupted is continued by whichever comes next.
PENDING=$STATE_DIR/pending

# in_force PATH: K3s has read the file as it is: it started after the file's last change, or we have seen to it.
in_force() {
  if grep -qsxF -e "$process $(sha256 "$1") $1" "$STATE_DIR/in-force"; then return 0; fi
  [ "$(changed_when "$1" "$process")" = before ]
}

# source_of KEY: the file that gives a key its value; nothing for K3s' default.
source_of() {
  if [ -n "$(in_flags "$1")" ]; then
    {
      unit_file "$unit"
      unit_drop_ins "$unit"
    } | while read -r source_unit; do
      if grep -q '^[[:space:]]*ExecStart' "$source_unit"; then printf '%s\n' "$source_unit"; fi
    done | tail -n 1
    return
  fi
  config_files | while read -r source_file; do
    if yaml_settings "$source_file" | grep -q -e "^$1+\{0,1\} "; then printf '%s\n' "$source_file"; fi
  done | tail -n 1
}

# restarted_since: an interrupted run is remembered, and another process of K3s runs now than before its restart.
restarted_since() { [ -d "$PENDING" ] && [ -n "$process" ] && [ "$(cat "$PENDING/process")" != "$process" ]; }

# find_reasons: WORK/reasons says why K3s must be restarted; WORK/changes lists the files that must be written.
find_reasons() {
  : >"$WORK/reasons"
  : >"$WORK/changes"
  [ -n "$process" ] || echo 'it does not run' >>"$WORK/reasons"
  while read -r reason_key _ reason_ours; do
    reason_now=$(effective "$reason_key" | normal)
    reason_wanted=$(declared "$reason_key" | normal)
    if [ "$reason_now" != "$reason_wanted" ]; then
      printf '%s is %s, wanted is %s\n' "$reason_key" "$(printf '%s' "${reason_now:-not set}" | shown "$reason_key")" \
        "$(printf '%s' "${reason_wanted:-not set}" | shown "$reason_key")" >>"$WORK/reasons"
      printf '%s\n' "$reason_ours" >>"$WORK/changes"
    elif [ -n "$process" ]; then
      reason_source=$(source_of "$reason_key")
      if [ -n "$reason_source" ] && ! in_force "$reason_source"; then
        printf '%s was changed in %s after K3s had started\n' "$reason_key" "$reason_source" >>"$WORK/reasons"
      fi
    fi
  done <"$WORK/keys"
  while read -r reason_number reason_mode _ reason_path; do
    # A file that is not there is written only for a value that is not in force.
    if [ -e "$reason_path" ] && ! same_file "$WORK/file.$reason_number" "$reason_mode" "$reason_path"; then
      printf '%s\n' "$reason_path" >>"$WORK/changes"
    fi
  done <"$WORK/files"
  reason_override=$(override_of "$unit")
  if [ -f "$WORK/override" ]; then
    same_file "$WORK/override" 0644 "$reason_override" || printf '%s\n' "$reason_override" >>"$WORK/changes"
  elif [ -f "$reason_override" ]; then
    printf '%s\n' "$reason_override" >>"$WORK/changes"
  fi
  sort -u -o "$WORK/changes" "$WORK/changes"
  if [ -n "$process" ] && [ -n "$expect" ]; then
    # Restarted by an interrupted run, it has perhaps not come to its containerd yet.
    if restarted_since; then wait_until "$timeout_seconds" "containerd's configuration" backend_settled "$unit" "$expect" || true; fi
    if ! backend_is "$expect"; then
      reason_backend=$(containerd_backend)
      printf 'containerd uses the CNI folders of backend %s, wanted is %s\n' "${reason_backend:-(unknown)}" "$expect" >>"$WORK/reasons"
    fi
  fi
  find_policy_reason
  # An interrupted run may have left K3s restarting: then it has to be seen through, even if all files are right.
  if restarted_since && [ ! -s "$WORK/reasons" ] && [ "$role" = server ] && ! api_ready; then
    wait_until "$timeout_seconds" "K3s, which an interrupted run has restarted" api_ready ||
      echo 'an interrupted run has restarted it, and it did not come back' >>"$WORK/reasons"
  fi
}

# find_policy_reason: K3s' policy controller runs in agents too, which learn of it from their server when they start.
find_policy_reason() {
  if [ -z "$policy" ] || [ "$role" != agent ]; then return 0; fi
  policy_now=$(cat "$STATE_DIR/policy-controller" 2>/dev/null || true)
  if [ -z "$policy_now" ]; then
    # Never told: "on" is K3s' default, "off" shows in the absence of its chains.
    policy_now=$policy
    if [ "$policy" = off ] && policy_chains; then policy_now=on; fi
  fi
  if [ "$policy_now" != "$policy" ] && ! { restarted_since && [ "$(cat "$PENDING/policy" 2>/dev/null)" = "$policy" ]; }; then
    printf 'the policy controller is %s, wanted is %s\n' "$policy_now" "$policy" >>"$WORK/reasons"
  fi
}

# policy_chains: the policy controller's chains are there.
policy_chains() {
  for policy_tool in $(iptables_backends); do
    if "$policy_tool-save" 2>/dev/null | grep -q '^:KUBE-ROUTER'; then return 0; fi
  done
  return 1
}

# --- go or no-go -------------------------------------------------------------------------------------------------------

# go_or_no_go: what must be so before K3s is restarted.
go_or_no_go() {
  need_room 16 /etc/rancher/k3s /etc/systemd/system "$K3S_DATA" "$STATE_DIR"
  if [ -n "$expect" ] && ! backend_is "$expect"; then
    go_template=$(own_template)
    [ -z "$go_template" ] ||
      fail "$go_template does not begin with {{ template \"base\" . }}, so it may fix containerd's CNI folders whatever K3s is told; write it on top of that line, then run this again"
  fi
  if [ "$role" = server ]; then go_for_server; else go_for_agent; fi
}

# go_for_server: the lease and the other servers. Only where an earlier run of ours was interrupted after it had stopped
# this server's K3s does the change go on without the API.
go_for_server() {
  if [ -n "$process" ] && ! api_ready; then
    go_wait=$((timeout_seconds / 5))
    if restarted_since; then go_wait=$timeout_seconds; fi
    wait_until "$go_wait" "this server's API" api_ready || true
  fi
  if api_ready; then
    lease_take "$((timeout_seconds * 2 + 60))" "$lease_wait"
    # A server whose K3s was restarted a moment ago, by the step before, is not Ready for some seconds.
    wait_until "$((timeout_seconds / 5))" "the other servers" others_up || true
    go_down=$(others_down)
    if [ -n "$go_down" ]; then
      lease_drop "$((timeout_seconds / 10))"
      fail "another server is down, and two must never be down at once; nothing was changed:
$(printf '%s\n' "$go_down" | sed -e 's/^/  /')
bring it back, then run this again"
    fi
  elif [ -d "$PENDING" ] && [ "$(cat "$PENDING/process")" != "$process" ]; then
    say "this server's API does not answer since an earlier run was interrupted here; going on without it"
  else
    fail "this server's API is not ready, so nobody can tell how the other servers are; nothing was changed. Read journalctl -u $unit, bring K3s back, then run this again"
  fi
}

# go_for_agent: an agent reads its settings from a server when it starts; without one it would stay down.
go_for_agent() {
  agent_server=$(effective server | tail -n 1)
  if [ -n "$agent_server" ] && ! answers "$agent_server/cacerts" && ! answers https://127.0.0.1:6444/cacerts; then
    fail "the server $agent_server does not answer, and an agent that restarts needs one; nothing was changed. Bring a server back, then run this again"
  fi
}

# answers URL: some answer comes, whatever it says. Without a tool to ask, the answer is yes.
answers() {
  if has curl; then
    curl -ks -o /dev/null --max-time 10 "$1"
  elif has wget; then
    # 8: the server has answered, with an error.
    wget -q -O /dev/null --no-check-certificate -T 10 -t 1 "$1" 2>/dev/null || [ $? = 8 ]
  fi
}

# --- the change --------------------------------------------------------------------------------------------------------

# begin_pending: remembers the way back, and which process ran before the restart.
begin_pending() {
  if [ ! -d "$PENDING" ]; then
    rm -rf "$PENDING.new"
    (umask 077 && mkdir -p "$PENDING.new")
    printf '%s\n' "$process" >"$PENDING.new/process"
    flush "$PENDING.new/process"
    mv "$PENDING.new" "$PENDING"
    flush "$STATE_DIR"
  fi
  printf '%s\n' "$policy" >"$PENDING/policy"
  # shellcheck disable=SC2046 # paths without blanks
  keep_old "$PENDING" $(cat "$WORK/changes") ||
    fail "cannot keep the old files in $PENDING; nothing was changed. Make room there, then run this again"
}

drop_pending() {
  # The lease first: what is remembered tells a next run to give it back.
  if [ "$role" = server ] && [ -n "${LEASE_HOLDER:-}$(ls -d "$PENDING" 2>/dev/null)" ]; then lease_drop "$((timeout_seconds / 10))"; fi
  if [ -d "$PENDING" ]; then
    rm -rf "$PENDING.done"
    mv "$PENDING" "$PENDING.done"
    flush "$STATE_DIR"
  fi
  rm -rf "$PENDING.done"
}

# write_changes: the files of WORK/changes as the request wants them.
write_changes() {
  write_override=$(override_of "$unit")
  while read -r write_path; do
    if [ "$write_path" != "$write_override" ]; then
      put_file "$(content "$write_path")" "$(awk -v path="$write_path" '$4 == path { print $2 }' "$WORK/files")" "$write_path" || return 1
    elif [ -f "$WORK/override" ]; then
      put_file "$WORK/override" 0644 "$write_path" && systemctl daemon-reload || return 1
    else
      drop_file "$write_path" || return 1
      drop_folder_if_empty "$(dirname "$write_path")"
      systemctl daemon-reload || return 1
    fi
  done <"$WORK/changes"
}

# restart_and_prove: 0 when K3s is back as it should be; else WORK/why says what is not.
restart_and_prove() {
  prove_old=$(main_process "$unit")
  say "restarting $unit; containers keep running"
  restarted=yes
  prove_since=$(date +%s)
  if ! systemctl restart --no-block "$unit.service"; then
    echo "systemctl restart $unit failed" >"$WORK/why"
    return 1
  fi
  if ! wait_back "$role" "$unit" "$prove_old" "$timeout_seconds"; then
    echo "K3s did not come back: waited $wait_took of at most $timeout_seconds s" >"$WORK/why"
    return 1
  fi
  agent_back "$role" "$unit" "$prove_since" "$timeout_seconds" || return 1
  prove_hint=''
  if [ "$role" = agent ]; then prove_hint='; an agent learns it from its server, so the servers come first'; fi
  if [ -n "$expect" ] && ! wait_until "$timeout_seconds" "containerd's configuration" backend_settled "$unit" "$expect"; then
    echo "containerd uses the CNI folders of backend $(containerd_backend), wanted is $expect$prove_hint" >"$WORK/why"
    return 1
  fi
  if [ "$policy" = on ] && ! wait_until "$timeout_seconds" "the policy controller's chains" policy_chains; then
    echo "K3s' policy controller made no chain KUBE-ROUTER-*, so it does not run$prove_hint" >"$WORK/why"
    return 1
  fi
}

# remember_value NAME VALUE: in the state folder.
remember_value() {
  state_folder
  if [ -n "$2" ] && [ "$(cat "$STATE_DIR/$1" 2>/dev/null)" != "$2" ]; then
    printf '%s\n' "$2" >"$WORK/remembered"
    put_file "$WORK/remembered" 0644 "$STATE_DIR/$1" || say "cannot write $STATE_DIR/$1"
  fi
}

# remember: which files the running K3s has in force, and what it was told.
remember() {
  state_folder
  remember_process=$(main_process "$unit")
  {
    config_files
    unit_file "$unit"
    unit_drop_ins "$unit"
  } | while read -r remember_path; do
    # A file of others that changed after K3s had started, and that no restart has brought in yet, is not in force.
    if [ "$remember_process" != "$process" ] || [ -n "$(content "$remember_path")" ] ||
      [ "$remember_path" = "$(override_of "$unit")" ] || in_force "$remember_path"; then
      printf '%s %s %s\n' "$remember_process" "$(sha256 "$remember_path")" "$remember_path"
    fi
  done >"$WORK/in-force"
  same_file "$WORK/in-force" 0644 "$STATE_DIR/in-force" || put_file "$WORK/in-force" 0644 "$STATE_DIR/in-force" ||
    say "cannot write $STATE_DIR/in-force"
  remember_value policy-controller "$policy"
}

# change: begins, writes, restarts and proves; goes back and fails when K3s does not come back. 0: in force and remembered.
change() {
  begin_pending
  restarted=no
  if write_changes && restart_and_prove; then
    remember
    return 0
  fi
  change_why=$(cat "$WORK/why" 2>/dev/null || echo "a file could not be written (room in /etc: $(free_mib /etc) MiB)")
  say "$change_why"
  last_words "$unit" | while IFS= read -r change_line; do say "  $change_line"; done
  go_back
  fail "not done: $change_why. The files are as they were. Read journalctl -u $unit, mend the cause, then run this again"
}

# go_back: the old files, and K3s with them where it was restarted with the new ones. The way back stays remembered until
# K3s is up.
go_back() {
  if [ -s "$PENDING/list" ]; then
    say "putting the old files back"
    put_old_back "$PENDING" || say "some files could not be put back; they lie in $PENDING"
    systemctl daemon-reload || true
    drop_folder_if_empty "$(dirname "$(override_of "$unit")")"
  fi
  back_old=$(main_process "$unit")
  if [ "$restarted" = yes ] && [ -s "$PENDING/list" ]; then
    systemctl restart --no-block "$unit.service" || true
    wait_back "$role" "$unit" "$back_old" "$timeout_seconds" ||
      fail "$change_why; and K3s does not come back with its old files either. The files are as they were, and $PENDING remembers the change. Read journalctl -u $unit; a run of this program tries again"
  elif [ -z "$back_old" ]; then
    fail "$change_why; K3s is down, and $PENDING remembers the change. Read journalctl -u $unit; a run of this program tries again"
  fi
  drop_pending
}
