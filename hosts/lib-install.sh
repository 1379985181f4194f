# K3s onto an empty machine, and off it again when that fails half-way. Sourced by `k3s`, never run.
#
# The folder installing/ remembers that a machine is being installed: what was in K3s' configuration folder before, what
# was placed, whether K3s was started. A run that finds it goes on.
# shellcheck shell=sh
# shellcheck disable=SC2154 # role, first, unit, version, arch, ... are the program's

INSTALLING=$STATE_DIR/installing
BINARY=/usr/local/bin/k3s
CONFIG_DIR=/etc/rancher/k3s

# listens PORT: something has a TCP socket open for connections there.
listens() {
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port="$(printf '%04X' "$1")" '$4 == "0A" { n = split($2, part, ":"); if (part[n] == port) found = 1 } END { exit !found }'
}

# not_empty PATH: it is a folder with something in it.
not_empty() { [ -d "$1" ] && [ -n "$(ls -A "$1")" ]; }

# check_empty: WORK/not-empty says what somebody else has left here.
check_empty() {
  {
    # Images that somebody has brought for a machine without registries are welcome.
    if [ -n "$(find "$K3S_DATA" -mindepth 1 ! -path "$K3S_DATA/agent" ! -path "$IMAGES_DIR" ! -path "$IMAGES_DIR/*" 2>/dev/null | head -n 1)" ]; then
      echo "$K3S_DATA holds data of an earlier K3s"
    fi
    if not_empty /var/lib/kubelet; then echo '/var/lib/kubelet holds data of a kubelet'; fi
    if listens 10250; then echo 'something listens on TCP 10250, the kubelet port'; fi
    if [ "$role" = server ] && listens 6443; then echo 'something listens on TCP 6443, the API server port'; fi
    if [ -f "$CONFIG" ] && ! is_ours "$CONFIG" && ! cmp -s "$(content "$CONFIG")" "$CONFIG"; then
      echo "$CONFIG was written by somebody else and says other things"
    fi
  } >"$WORK/not-empty"
  [ ! -s "$WORK/not-empty" ] || fail "this machine has no K3s, but it is not empty; nothing was changed:
$(sed -e 's/^/  /' "$WORK/not-empty")
take that away (k3s-uninstall.sh, if it is there), then run this again"
}

# check_machine: what K3s needs of a machine.
check_machine() {
  machine_kernel=$(uname -r)
  printf '%s\n' "$machine_kernel" | awk -F '[.-]' '{ exit !($1 > 5 || ($1 == 5 && $2 >= 10)) }' ||
    fail "the kernel is $machine_kernel, allowed is 5.10 or newer; nothing was changed. Upgrade the machine's system"
  [ -n "$(ip -4 route show default 2>/dev/null)$(ip -6 route show default 2>/dev/null)" ] ||
    fail "this machine has no default route, and K3s does not start without one; nothing was changed. Set one (without a way out, a dummy interface will do)"
  need_room "$(number min-free-mib 2048)" "$K3S_DATA"
  need_room "$(number min-free-bin-mib 200)" "$BINARY" "$STATE_DIR"
  need_room "$(number min-free-etc-mib 16)" "$CONFIG_DIR" /etc/systemd/system
}

# check_join: a machine that joins needs a token and a server that answers.
check_join() {
  join_files=$(content "$CONFIG")
  [ -n "$join_files" ] || misuse "the request brings no $CONFIG"
  join_server=$(of_file "$join_files" server | tail -n 1)
  join_token=$(of_file "$join_files" token-file | tail -n 1)
  if [ -n "$join_token" ] && [ ! -s "$join_token" ]; then
    fail "the token's file $join_token is not there; nothing was changed. Raise hosts.converge to have the stack put it there again, or run the program token by hand"
  fi
  [ "$first" = no ] || return 0
  [ -n "$join_token" ] ||
    fail "this machine is to join a cluster and has no token; nothing was changed. On the first server: sudo cat $K3S_DATA/server/token; then: pulumi config set --secret k3sToken"
  [ -n "$join_server" ] || misuse "$CONFIG names no server to join"
  wait_until "$(number join-seconds 60)" "the server $join_server" answers "$join_server/cacerts" ||
    fail "the server $join_server does not answer from here, so this machine cannot join; nothing was changed. Is it up, and is TCP 6443 open between the machines?"
}

# begin_installing
begin_installing() {
  if [ -d "$INSTALLING" ]; then
    install_role=$(cat "$INSTALLING/role")
    [ "$install_role" = "$role" ] ||
      fail "an interrupted run began to install an $install_role here, the request says $role; run the program uninstall first"
    # An undoing that was interrupted has not put this back.
    if [ -d "$INSTALLING/undo" ]; then undo_files; fi
    return 0
  fi
  rm -rf "$INSTALLING.new"
  (umask 077 && mkdir -p "$INSTALLING.new") || return 1
  if [ -d "$CONFIG_DIR" ]; then cp -a "$CONFIG_DIR" "$INSTALLING.new/before" || return 1; fi
  printf '%s\n' "$role" >"$INSTALLING.new/role" && : >"$INSTALLING.new/placed" && sync &&
    mv "$INSTALLING.new" "$INSTALLING" && flush "$STATE_DIR"
}

# place SOURCE MODE PATH: written down first, so that it can be taken away.
place() {
  if same_file "$1" "$2" "$3"; then return 0; fi
  placed_any=yes
  printf '%s\n' "$3" >>"$INSTALLING/placed" && flush "$INSTALLING/placed" && put_file "$1" "$2" "$3"
}

# place_all: configuration, images, binary, unit. Fails (1) with WORK/why.
place_all() {
  (umask 077 && mkdir -p "$CONFIG_DIR/config.yaml.d") || return 1
  if ! set_kernel || ! audit_folder; then return 1; fi
  while read -r place_number place_mode place_kind place_path; do
    [ "$place_kind" != overlay ] || continue
    place "$WORK/file.$place_number" "$place_mode" "$place_path" || {
      echo "cannot write $place_path" >"$WORK/why"
      return 1
    }
  done <"$WORK/files"
  if ! put_images || ! place "$STAGING/$(binary_name)" 0755 "$BINARY"; then
    echo "cannot write $BINARY or the images (free: $(free_mib "$BINARY") and $(free_mib "$IMAGES_DIR") MiB)" >"$WORK/why"
    return 1
  fi
  place_got=$(installed_version "$BINARY")
  if [ "$place_got" != "$version" ]; then
    echo "the pinned binary says that it is ${place_got:-nothing}, wanted is $version: the pin is another version's" >"$WORK/why"
    return 1
  fi
  say "running K3s' installer"
  if ! env -i PATH="$PATH" HOME=/root INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_SKIP_START=true \
    INSTALL_K3S_BIN_DIR=/usr/local/bin INSTALL_K3S_EXEC="$role" sh "$STAGING/install.sh" </dev/null >"$WORK/installer.log" 2>&1; then
    echo "K3s' installer ended badly: $(tail -n 3 "$WORK/installer.log" | tr '\n' ' ')" >"$WORK/why"
    return 1
  fi
  if [ -z "$(unit_file "$unit")" ]; then
    echo "K3s' installer made no $unit.service" >"$WORK/why"
    return 1
  fi
  # Whether K3s is up is asked by these settings, such as write-kubeconfig.
  if ! (read_settings "$unit"); then
    echo "K3s' installer made a $unit.service that cannot be understood" >"$WORK/why"
    return 1
  fi
}

# start_k3s: enables, starts and waits. Fails (1) with WORK/why.
start_k3s() {
  systemctl daemon-reload || true
  if ! systemctl enable "$unit.service" >/dev/null 2>&1; then
    echo "systemctl enable $unit failed" >"$WORK/why"
    return 1
  fi
  : >"$INSTALLING/started"
  flush "$INSTALLING/started"
  start_old=$(main_process "$unit")
  start_since=$(date +%s)
  if [ -z "$start_old" ]; then
    say "starting $unit"
    systemctl start --no-block "$unit.service" || true
  elif [ "$placed_any" = yes ]; then
    say "restarting $unit with the new files"
    systemctl restart --no-block "$unit.service" || true
  else
    start_old=''
  fi
  if ! wait_back "$role" "$unit" "$start_old" "$timeout_seconds"; then
    echo "K3s did not come up: waited $wait_took of at most $timeout_seconds s" >"$WORK/why"
    return 1
  fi
  agent_back "$role" "$unit" "$start_since" "$timeout_seconds"
}

# undo: takes away what was placed. K3s' own uninstaller knows what K3s makes; the machine had none of it.
undo() {
  say "taking away what was placed"
  mkdir -p "$INSTALLING/undo"
  for undo_script in "/usr/local/bin/$unit-uninstall.sh" "/usr/local/bin/k3s-uninstall.sh"; do
    if [ -f "$undo_script" ]; then sh "$undo_script" </dev/null >"$WORK/uninstall.log" 2>&1 || true; fi
  done
  systemctl daemon-reload || true
  undo_files
  rm -rf "$INSTALLING" "$STAGING"
  drop_folder_if_empty "$STATE_DIR"
}

# undo_files: what is placed goes, and the configuration folder is as it was.
undo_files() {
  while read -r undo_path; do drop_file "$undo_path" || true; done <"$INSTALLING/placed"
  drop_file "$IMAGES_DIR/$(images_name)"
  for undo_folder in "$AUDIT_FOLDER" "$K3S_DATA/server" "$IMAGES_DIR" "$K3S_DATA/agent" "$K3S_DATA" "${K3S_DATA%/*}"; do drop_folder_if_empty "$undo_folder"; done
  for undo_folder in "$CONFIG_DIR/config.yaml.d" "$CONFIG_DIR" "${CONFIG_DIR%/*}"; do drop_folder_if_empty "$undo_folder"; done
  if [ -d "$INSTALLING/before" ]; then
    if ! mkdir -p "$CONFIG_DIR" || ! cp -a "$INSTALLING/before/." "$CONFIG_DIR/"; then
      fail "$(cat "$WORK/why"). And $CONFIG_DIR could not be put back; it lies in $INSTALLING/before. Make room there, then run this again"
    fi
  fi
  : >"$INSTALLING/placed"
  rm -rf "$INSTALLING/undo"
}

# install_k3s: all of it, on a machine that is empty or that an interrupted run has begun to install.
install_k3s() {
  placed_any=no
  if [ ! -d "$INSTALLING" ]; then
    check_empty
    check_machine
  fi
  check_join
  check_kernel
  fetch_all
  install_started_before=no
  if [ -e "$INSTALLING/started" ]; then install_started_before=yes; fi
  begin_installing || fail "cannot write below $STATE_DIR; nothing was placed. Make room there, then run this again"
  : >"$WORK/why"
  if place_all && start_k3s; then
    rm -rf "$STAGING"
    mv "$INSTALLING" "$INSTALLING.done"
    rm -rf "$INSTALLING.done"
    return 0
  fi
  last_words "$unit" | while IFS= read -r install_line; do say "  $install_line"; done
  install_why=$(cat "$WORK/why")
  if [ "$install_started_before" = yes ]; then
    fail "$install_why. K3s was started here by an earlier run, so its data was left alone; read journalctl -u $unit, mend the cause, then run this again"
  fi
  if [ "$role" = server ] && [ "$first" = no ] && [ -d "$K3S_DATA/server/db/etcd/member" ]; then
    fail "$install_why. This server is a member of etcd already, and taking it away would cost the others a vote; read journalctl -u $unit, mend the cause, then run this again"
  fi
  undo
  fail "$install_why. What was placed has been taken away; mend the cause, then run this again"
}
