# Parts of the program `backup`. Sourced by it, never run.
# shellcheck shell=sh
# shellcheck disable=SC2154 # name, kind, stage, keep are the program's

BACKUPS=$STATE_DIR/backups
# There while a backup has stopped K3s: whatever happens, K3s is started again.
STOPPED=$STATE_DIR/stopped-by-backup

# check_name NAME
check_name() {
  case $1 in
  '' | .* | *[!A-Za-z0-9._-]*) misuse "name: got \"$1\"; allowed are letters, digits, . _ and -, not beginning with ." ;;
  esac
}

# whole PATH: the file is there and has the SHA-256 that was written down for it.
whole() { [ -f "$1" ] && [ -f "$1.sha256" ] && [ "$(sha256 "$1")" = "$(cat "$1.sha256")" ]; }

# tell PATH: the one line on stdout.
tell() { printf 'backup %s %s %s\n' "$1" "$(cat "$1.sha256")" "$(wc -c <"$1" | tr -d ' ')"; }

# prune FOLDER: all but the newest.
prune() {
  # shellcheck disable=SC2012 # names are checked by check_name
  ls -t "$1"/*.tar 2>/dev/null | tail -n "+$((${keep:-5} + 1))" | while IFS= read -r prune_path; do
    rm -f -- "$prune_path" "$prune_path.sha256"
  done
}

# receive_backup NAME [SHA256]: a cut connection leaves a part of a file, and the SHA-256 tells it.
receive_backup() {
  receive_dir=$BACKUPS/received
  receive_new=$receive_dir/.$1.$$
  trap 'rm -f "$receive_new"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # What a killed run has left; another stack's copy may be under way.
  find "$receive_dir" -name '.*' -type f -mtime +0 -exec rm -f {} + 2>/dev/null || true
  (umask 077 && mkdir -p "$receive_dir" && cat >"$receive_new") ||
    fail "cannot write $receive_dir/$1.tar ($(free_mib "$receive_dir") MiB are free); make room there, then run this again"
  receive_sum=$(sha256 "$receive_new")
  if [ -n "$2" ] && [ "$receive_sum" != "$2" ]; then
    fail "the backup $1 did not arrive whole: got SHA-256 $receive_sum, allowed is $2; send it again"
  fi
  flush "$receive_new"
  mv "$receive_new" "$receive_dir/$1.tar"
  flush "$receive_dir"
  prune "$receive_dir"
  printf '%s\n' "$receive_sum"
}

start_what_a_backup_stopped() {
  if [ -e "$STOPPED" ]; then
    say "starting K3s, which an interrupted backup had stopped"
    systemctl start k3s.service || fail "K3s does not start; read journalctl -u k3s"
    rm -f "$STOPPED"
  fi
}

copy_etcd() {
  # K3s adds the node's name and the time to the name.
  k3s etcd-snapshot save --name "seldon-k3s-$name" >"$WORK/snapshot.log" 2>&1 ||
    fail "k3s etcd-snapshot save failed: $(tail -n 2 "$WORK/snapshot.log" | tr '\n' ' ')"
  copy_dir=$(effective etcd-snapshot-dir | tail -n 1)
  # shellcheck disable=SC2012 # names are ours
  copy_file=$(ls -t "${copy_dir:-$K3S_DATA/server/db/snapshots}/seldon-k3s-$name"* 2>/dev/null | head -n 1)
  [ -s "$copy_file" ] || fail "k3s etcd-snapshot save has left no file in ${copy_dir:-$K3S_DATA/server/db/snapshots}"
  cp -- "$copy_file" "$stage/$(basename -- "$copy_file")" || fail "cannot copy the snapshot; make room in $BACKUPS"
  # Ours only, by the beginning of the name. A K3s that cannot prune keeps them.
  k3s etcd-snapshot prune --name seldon-k3s --snapshot-retention "$keep" >/dev/null 2>&1 || true
}

copy_sqlite() {
  copy_from=$K3S_DATA/server/db/state.db
  copy_to=$stage/state.db
  if has sqlite3; then
    sqlite3 "$copy_from" ".timeout 30000" ".backup '$copy_to'" >"$WORK/sqlite.log" 2>&1 ||
      fail "sqlite3 cannot copy $copy_from: $(head -n 1 "$WORK/sqlite.log")"
    copy_check=$(sqlite3 "$copy_to" 'PRAGMA integrity_check' 2>&1 | head -n 1)
    [ "$copy_check" = ok ] || fail "the copy of $copy_from is not sound: $copy_check"
  elif has python3 && python3 -c 'import sqlite3' 2>/dev/null; then
    python3 - "$copy_from" "$copy_to" >"$WORK/sqlite.log" 2>&1 <<'PYTHON' || fail "python3 cannot copy $copy_from: $(tail -n 1 "$WORK/sqlite.log")"
import sqlite3, sys
source = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True, timeout=30)
target = sqlite3.connect(sys.argv[2])
source.backup(target)
answer = target.execute("PRAGMA integrity_check").fetchone()[0]
target.close()
sys.exit(0 if answer == "ok" else "integrity_check: " + answer)
PYTHON
  else
    say "neither sqlite3 nor python3 is here, so K3s is stopped for the copy; containers keep running"
    : >"$STOPPED"
    flush "$STOPPED"
    systemctl stop k3s.service || fail "K3s does not stop"
    copy_code=0
    cp -- "$K3S_DATA/server/db"/state.db* "$stage/" || copy_code=1
    start_what_a_backup_stopped
    [ "$copy_code" = 0 ] || fail "cannot copy $copy_from; make room in $BACKUPS"
    wait_back server k3s '' "$(number timeout-seconds 600)" || fail "K3s did not come back after the copy; read journalctl -u k3s"
  fi
}

# copy_token: without the token of its time a datastore cannot be opened.
copy_token() {
  copy_token_file=$(effective token-file | tail -n 1)
  for copy_path in "$K3S_DATA/server/token" "$K3S_DATA/server/agent-token" "$copy_token_file"; do
    if [ -n "$copy_path" ] && [ -f "$copy_path" ]; then
      cp -- "$copy_path" "$stage/$(printf '%s' "${copy_path#/}" | tr / _)" || fail "cannot copy $copy_path; make room in $BACKUPS"
    fi
  done
  [ -f "$stage/$(printf '%s' "${K3S_DATA#/}/server/token" | tr / _)" ] || fail "there is no $K3S_DATA/server/token, and a backup without it is of no use"
}

copy_settings() {
  mkdir "$stage/settings"
  # shellcheck disable=SC2046 # paths without blanks
  for copy_path in $(config_files) /etc/rancher/k3s/registries.yaml $(unit_file k3s) $(unit_drop_ins k3s); do
    if [ -f "$copy_path" ]; then cp -- "$copy_path" "$stage/settings/$(printf '%s' "${copy_path#/}" | tr / _)"; fi
  done
  k3s --version >"$stage/VERSION" 2>/dev/null || true
}

restore_text() {
  echo "Backup $name of $HOST, $(date -u +%Y-%m-%dT%H:%M:%SZ), datastore $kind, K3s $(sed -n 1p "$stage/VERSION")."
  echo "Made by seldon-k3s' programs $(cut -c 1-12 "$here/.programs" 2>/dev/null || echo 'of no installation')."
  echo 'Restore it with the same version of K3s, or put that binary back first. As root, in a folder with this content:'
  if [ "$kind" = etcd ]; then
    # With a bucket in its settings K3s would look for the snapshot there.
    restore_local=''
    if [ "$(effective etcd-s3 | tail -n 1)" = true ]; then restore_local=' --etcd-s3=false'; fi
    cat <<TEXT
  1. on every server:      systemctl stop k3s
  2. on this server:       k3s server --cluster-reset --cluster-reset-restore-path=\$PWD/$(cd "$stage" && ls -d seldon-k3s-*) --token-file=\$PWD/var_lib_rancher_k3s_server_token$restore_local
  3. on the other servers: rm -rf $K3S_DATA/server/db
  4. systemctl start k3s on this server, then on the others one by one, then k3s-agent on the agents
TEXT
  else
    cat <<TEXT
  1. systemctl stop k3s
  2. rm -f $K3S_DATA/server/db/state.db*; cp state.db* $K3S_DATA/server/db/; cp var_lib_rancher_k3s_server_token $K3S_DATA/server/token
  3. systemctl start k3s
TEXT
  fi
}

# pack: tar, SHA-256, and only then the name.
pack() {
  (umask 077 && tar -C "$stage" -cf "$BACKUPS/.$name.tar" .) && flush "$BACKUPS/.$name.tar" || return 1
  (umask 077 && sha256 "$BACKUPS/.$name.tar" >"$BACKUPS/$name.tar.sha256") || return 1
  mv "$BACKUPS/.$name.tar" "$BACKUPS/$name.tar" || return 1
  flush "$BACKUPS"
  rm -rf "$stage"
}
