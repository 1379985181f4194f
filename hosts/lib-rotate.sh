# A rotation on this machine: what is under way, what was done, and the certificates. Sourced by `rotate` after
# lib-change.sh, never run.
#
# The program sets: what, role, first, rotation, unit, process, timeout_seconds, and ROTATING, a folder (0700) that is there
# while this machine's part is under way, with what was before.
# shellcheck shell=sh
# shellcheck disable=SC2153,SC2154 # what, first, rotation, ROTATING, ... are the program's

# Receipts: WHAT holds the last rotation that this machine has done, WHAT.open on the first server the one under way.
ROTATIONS=$STATE_DIR/rotations
TLS=$K3S_DATA/server/tls

receipt() { cat "$ROTATIONS/$what" 2>/dev/null || true; }

# write_receipt NAME TEXT
write_receipt() {
  (umask 077 && mkdir -p "$ROTATIONS")
  printf '%s\n' "$2" >"$WORK/receipt"
  put_file "$WORK/receipt" 0600 "$ROTATIONS/$1" ||
    fail "cannot write $ROTATIONS/$1; make room in $STATE_DIR, then run this again: it finds what is done"
}

# --- what holds for all three ------------------------------------------------------------------------------------------

# refuse_pending: two changes of K3s at a time are one too many.
refuse_pending() {
  for pending_folder in "$PENDING" "$STATE_DIR/installing"; do
    if [ -d "$pending_folder" ]; then
      fail "a change of K3s was interrupted here ($pending_folder); nothing was changed. Run pulumi up, which sees it through, then run this again"
    fi
  done
}

# no_go: what stands against this machine's part, before it begins. Reads only.
no_go() {
  refuse_pending
  [ "$role" = agent ] || [ "$(datastore)" != external ] || [ "$what" = certificates ] ||
    fail "the datastore is outside of K3s (datastore-endpoint), and no backup of it can be made here; nothing was changed"
  need_room 64 "$STATE_DIR" "$K3S_DATA"
  need_room 16 /etc/rancher/k3s
  case $what in
  certificates) [ -n "$(leaves | while read -r leaf; do if [ -f "$leaf" ]; then echo "$leaf"; fi; done)" ] || fail "there are no certificates below $K3S_DATA; nothing was changed. Has K3s ever run here?" ;;
  token) token_no_go ;;
  encryption-key) key_no_go ;;
  esac
}

# check_rotation: one line for a person, and on stdout of the first server the rotation that is under way.
check_rotation() {
  if [ -s "$ROTATIONS/$what.open" ]; then printf 'rotation %s\n' "$(cat "$ROTATIONS/$what.open")"; fi
  if [ "$(receipt)" = "$rotation" ]; then
    say "done already: $rotation"
  elif [ -d "$ROTATING" ]; then
    say "under way: an interrupted run is gone on with"
  else
    [ -n "$process" ] || fail "K3s does not run here (systemctl status $unit); nothing was changed. Bring it back, then run this again"
    no_go
    case $what in
    certificates) say "K3s would be stopped, given new certificates, and started; the next to end has $(days_left) days left" ;;
    token) say "$(token_plan)" ;;
    encryption-key)
      if [ "$first" = yes ]; then
        say "a backup, a new key beside $(active_key), every Secret written anew, and K3s restarted"
      else
        say "K3s would be restarted, so that it reads the new key"
      fi
      ;;
    esac
  fi
}

# open_rotation: the one under way goes on, whatever the request calls a new one.
open_rotation() {
  if [ ! -s "$ROTATIONS/$what.open" ]; then
    refuse_pending
    write_receipt "$what.open" "$rotation"
  fi
  printf 'rotation %s\n' "$(cat "$ROTATIONS/$what.open")"
}

close_rotation() {
  if [ "$(cat "$ROTATIONS/$what.open" 2>/dev/null)" != "$rotation" ]; then
    say "nothing to do: $rotation is not under way"
    return 0
  fi
  [ "$(receipt)" = "$rotation" ] ||
    fail "this server has not done its part of $rotation; run this rotation again"
  if [ "$what" = encryption-key ]; then
    wait_until "$timeout_seconds" "all servers, to have the same keys" keys_match ||
      fail "the servers do not have the same keys: $(key_status Server); restart K3s on the server that is named, then run this again"
  fi
  rm -rf "$ROTATING.done"
  drop_file "$ROTATIONS/$what.open"
  say "done: $rotation is over"
}

# go: as before every restart. Where an interrupted run has left K3s down, or unable to start, its API cannot be asked.
go() {
  if [ ! -d "$ROTATING" ]; then
    go_or_no_go
  elif [ -z "$process" ]; then
    say "K3s is down since an earlier run was interrupted here; going on without asking it"
  elif [ "$role" = agent ] || wait_until "$((timeout_seconds / 5))" "this server's API" api_ready; then
    go_or_no_go
  else
    say "this server's API does not answer since an earlier run was interrupted here; going on without it"
  fi
}

# give_lease_back: as soon as this server is up again.
give_lease_back() {
  if [ "$role" = server ]; then lease_drop "$((timeout_seconds / 10))"; fi
}

do_rotation() {
  if [ "$(receipt)" = "$rotation" ] && [ ! -d "$ROTATING" ]; then
    say "nothing to do: $rotation is done here"
    return 0
  fi
  if [ ! -d "$ROTATING" ]; then
    [ -n "$process" ] || fail "K3s does not run here (systemctl status $unit); nothing was changed. Bring it back, then run this again"
    no_go
  fi
  case $what in
  certificates) rotate_certificates ;;
  token) rotate_token ;;
  encryption-key) rotate_key ;;
  esac
  write_receipt "$what" "$rotation"
  end_rotating
  give_lease_back
  say "done: $rotation"
}

# begin_rotating FUNCTION: makes the folder with what FUNCTION puts there, whole or not at all.
begin_rotating() {
  if [ -d "$ROTATING" ]; then return 0; fi
  rm -rf "$ROTATING.new"
  if ! (umask 077 && mkdir -p "$ROTATING.new") || ! (umask 077 && "$1" "$ROTATING.new") ||
    ! flush "$ROTATING.new" || ! mv "$ROTATING.new" "$ROTATING"; then
    rm -rf "$ROTATING.new"
    give_lease_back
    fail "cannot keep what is there now in $ROTATING ($(free_mib "$STATE_DIR") MiB are free); nothing was changed. Make room there, then run this again"
  fi
  flush "$STATE_DIR"
}

# end_rotating: on the first server the tokens stay until the rotation is closed, because the others have to be given them.
end_rotating() {
  if [ ! -d "$ROTATING" ]; then return 0; fi
  rm -rf "$ROTATING.done"
  mv "$ROTATING" "$ROTATING.done"
  flush "$STATE_DIR"
  if [ "$what" != token ] || [ "$first" = no ]; then rm -rf "$ROTATING.done"; fi
}

# backup_before: what is rotated cannot be rotated back.
backup_before() {
  say "backing up the datastore"
  printf 'name before-%s-%s\nend\n' "$what" "$rotation" | "$here/backup" >/dev/null ||
    fail "the backup failed; nothing was changed"
}

# restart_here WHY: once, with what has been put in place. Fails the program where K3s does not come back: the folder
# remembers that it must.
restart_here() {
  # A backup may have had to stop and start it.
  process=$(main_process "$unit")
  if [ ! -e "$ROTATING/ready" ]; then
    printf '%s\n' "$process" >"$ROTATING/ready.new" && flush "$ROTATING/ready.new" && mv "$ROTATING/ready.new" "$ROTATING/ready"
  fi
  : >"$WORK/why"
  here_since=$(date +%s)
  here_code=0
  if [ -z "$process" ]; then
    systemctl start --no-block "$unit.service" || true
    { wait_back "$role" "$unit" '' "$timeout_seconds" && agent_back "$role" "$unit" "$here_since" "$timeout_seconds"; } || here_code=1
  elif [ "$(cat "$ROTATING/ready")" != "$process" ] && { [ "$role" = agent ] || api_ready; }; then
    # An interrupted run has restarted it.
    agent_back "$role" "$unit" "$here_since" "$timeout_seconds" || here_code=1
  else
    restart_and_prove || here_code=1
  fi
  if [ "$here_code" = 0 ]; then return 0; fi
  last_words "$unit" | while IFS= read -r here_line; do say "  $here_line"; done
  fail "$(head -n 1 "$WORK/why" | grep . || echo "K3s did not come back within $timeout_seconds s"); $1. Read journalctl -u $unit, mend the cause, then run this again"
}

# --- certificates ------------------------------------------------------------------------------------------------------

# leaves: certificates by which a rotation shows. K3s makes them anew where they are gone.
leaves() {
  for leaf in "$K3S_DATA/agent/client-kubelet.crt" "$K3S_DATA/agent/serving-kubelet.crt"; do printf '%s\n' "$leaf"; done
  if [ "$role" = server ]; then printf '%s\n' "$TLS/client-admin.crt" "$TLS/serving-kube-apiserver.crt"; fi
}

# days_left: of the certificate that ends first; ? without openssl.
days_left() {
  days_found=$(
    leaves | while read -r days_leaf; do
      days_end=$(openssl x509 -noout -enddate -in "$days_leaf" 2>/dev/null | sed -e 's/^notAfter=//' || true)
      if [ -n "$days_end" ]; then echo $((($(date -u -d "$days_end" +%s) - $(date +%s)) / 86400)); fi
    done | sort -n | head -n 1
  )
  printf '%s\n' "${days_found:-?}"
}

# keep_certificates FOLDER: sums of what must change, and all that the rotation takes away.
keep_certificates() {
  leaves | while read -r keep_leaf; do
    if [ -f "$keep_leaf" ]; then printf '%s %s\n' "$(sha256 "$keep_leaf")" "$keep_leaf"; fi
  done >"$1/sums" || return 1
  (
    cd "$K3S_DATA" || exit 1
    set -- "$1"
    for keep_path in server/tls agent/*.crt agent/*.key agent/*.kubeconfig; do if [ -e "$keep_path" ]; then set -- "$@" "$keep_path"; fi; done
    keep_tar=$1/before.tar
    shift
    tar -cf "$keep_tar" "$@"
  )
}

# not_renewed: leaves that are as they were, or not there.
not_renewed() {
  while read -r renewed_sum renewed_leaf; do
    if [ ! -f "$renewed_leaf" ] || [ "$(sha256 "$renewed_leaf")" = "$renewed_sum" ]; then printf '%s\n' "$renewed_leaf"; fi
  done <"$ROTATING/sums"
}

# all_renewed: for wait_until.
all_renewed() { [ -z "$(not_renewed)" ]; }

# old_certificates: back, and K3s with them. Fails the program.
old_certificates() {
  say "putting the old certificates back"
  systemctl stop "$unit.service" || true
  tar -C "$K3S_DATA" -xf "$ROTATING/before.tar" ||
    fail "$1; and the old certificates could not be put back: make room in $K3S_DATA, then: tar -C $K3S_DATA -xf $ROTATING/before.tar; systemctl start $unit"
  # K3s' own note to itself that its listener's certificate is to be made anew.
  rm -f "$TLS/dynamic-cert-regenerate"
  systemctl start --no-block "$unit.service" || true
  wait_back "$role" "$unit" '' "$timeout_seconds" ||
    fail "$1; and K3s does not come back with the old certificates either. They are in place; read journalctl -u $unit; a run of this program tries again"
  rm -rf "$ROTATING"
  give_lease_back
  fail "$1. The certificates are as they were. Read journalctl -u $unit, mend the cause, then run this again"
}

rotate_certificates() {
  go
  begin_rotating keep_certificates
  if ! all_renewed; then
    say "stopping $unit for new certificates; containers keep running"
    systemctl stop "$unit.service" || old_certificates "K3s does not stop"
    k3s certificate rotate >"$WORK/rotate.log" 2>&1 ||
      old_certificates "k3s certificate rotate failed: $(tail -n 1 "$WORK/rotate.log" | sed -e 's/.*msg=//')"
  fi
  certificates_since=$(date +%s)
  if ! unit_active "$unit"; then systemctl start --no-block "$unit.service" || true; fi
  : >"$WORK/why"
  if ! wait_back "$role" "$unit" '' "$timeout_seconds"; then
    last_words "$unit" | while IFS= read -r certificates_line; do say "  $certificates_line"; done
    old_certificates "K3s did not come back with new certificates within $timeout_seconds s"
  fi
  agent_back "$role" "$unit" "$certificates_since" "$timeout_seconds" || old_certificates "$(cat "$WORK/why")"
  wait_until "$((timeout_seconds / 5))" "every certificate to be new" all_renewed ||
    old_certificates "K3s runs, but has not renewed $(not_renewed | paste -s -d ' ' -)"
}
