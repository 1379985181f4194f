# What `k3s` does on a machine that has K3s already. Sourced by it, never run.
# shellcheck shell=sh
# shellcheck disable=SC2154 # role, unit, version, converge, ... are the program's
# shellcheck disable=SC2034 # lib-change.sh uses what is set here

REGISTRIES=/etc/rancher/k3s/registries.yaml
# Settings that matter when a machine joins, and never to one that has joined.
JOINING='^(token|token-file|agent-token|agent-token-file|cluster-init|datastore-.*)$'

# check_role: unit and binary belong together, and to the declared role.
check_role() {
  check_other=$(if [ "$role" = server ]; then echo k3s-agent; else echo k3s; fi)
  if [ -n "$(unit_file "$check_other")" ]; then
    fail "this machine has $check_other.service, so it is no $role; nothing was changed. Mend the machine's role in the stack, or uninstall K3s here first"
  fi
  if [ -z "$(unit_file "$unit")" ] || ! has k3s; then
    fail "this machine has half a K3s (unit: $(unit_file "$unit"), binary: $(command -v k3s || true)), and not from here; nothing was changed. Complete or uninstall it by hand, then run this again"
  fi
}

# fixed_now KEY: what a value that is fixed at creation is here; nothing when it cannot be known yet.
fixed_now() {
  case $1 in
  datastore) datastore | sed -e '/^none$/d' ;;
  node-name) node_name ;;
  node-cidr-mask-size)
    fixed_mask=$(effective kube-controller-manager-arg | sed -n -e 's/^node-cidr-mask-size\(-ipv4\)\{0,1\}=//p' | tail -n 1)
    printf '%s\n' "${fixed_mask:-24}"
    ;;
  *) effective "$1" | normal ;;
  esac
}

# check_fixed: values that a cluster has kept since it was made.
check_fixed() {
  values fixed | while read -r fixed_key fixed_wanted; do
    fixed_got=$(fixed_now "$fixed_key")
    if [ -n "$fixed_got" ] && [ "$fixed_got" != "$(printf '%s' "$fixed_wanted" | normal)" ]; then
      printf '%s is %s, the stack says %s\n' "$fixed_key" "$fixed_got" "$fixed_wanted"
    fi
  done >"$WORK/fixed"
  [ ! -s "$WORK/fixed" ] || fail "values that are fixed when a cluster is made differ; nothing was changed:
$(sed -e 's/^/  /' "$WORK/fixed")
make the stack say what the cluster has; another value needs a new cluster"
}

# check_version: sets upgrade to yes or no, and refuses what K3s does not support.
check_version() {
  upgrade=no
  version_have=$(installed_version "$binary_path")
  [ -n "$(version_numbers "$version_have")" ] ||
    fail "the K3s here says that its version is \"$version_have\"; allowed: a release such as v1.33.8+k3s1. Nothing was changed"
  case $(version_order "$version" "$version_have") in
  same) return 0 ;;
  older) fail "K3s here is $version_have, the stack says $version: K3s does not go back; nothing was changed. Set k3s.version to $version_have, or restore a backup by hand" ;;
  esac
  version_numbers "$version_have" >"$WORK/have"
  version_numbers "$version" >"$WORK/want"
  read -r have_major have_minor _ <"$WORK/have"
  read -r want_major want_minor _ <"$WORK/want"
  if [ "$want_major" != "$have_major" ] || [ "$want_minor" -gt $((have_minor + 1)) ]; then
    fail "K3s here is $version_have, the stack says $version: a minor version must not be skipped; nothing was changed. Go to v$have_major.$((have_minor + 1)) first"
  fi
  if [ "$role" = agent ]; then check_server_version; fi
  upgrade=yes
}

# server_told: for wait_until; server_version is what the API tells this agent.
server_told() {
  server_version=$(
    kubectl get --raw /version 2>/dev/null |
      tr -d ' \n' | sed -n -e 's/.*"gitVersion":"\([^"]*\)".*/\1/p'
  )
  [ -n "$server_version" ]
}

# check_server_version: an agent must not be newer than its servers. One that is coming back is waited for.
check_server_version() {
  server_seconds=$(number join-seconds 60)
  wait_until "$server_seconds" "the API, for its servers' version" server_told ||
    fail "the API does not answer this agent within $server_seconds s, so its servers' version is not known; nothing was changed. Bring a server back, then run this again"
  if [ "$(version_order "$version" "$server_version")" = newer ]; then
    fail "the servers run $server_version, and an agent must not be newer ($version); nothing was changed. Upgrade the servers first"
  fi
}

# choose_files: which of the request's files this machine follows. A config.yaml of ours: all but the CNI's. One of
# somebody else: none, or the overlay once it is there or converge was raised.
choose_files() {
  cp "$WORK/files" "$WORK/declared-files"
  overlay=$(awk '$3 == "overlay" { print $4 }' "$WORK/files")
  chosen=none
  if is_ours "$CONFIG"; then
    chosen=config
  elif [ -n "$overlay" ] && { is_ours "$overlay" || [ "$converge" -gt "$(cat "$STATE_DIR/converge-k3s" 2>/dev/null || echo "$converge")" ]; }; then
    chosen=overlay
  fi
  : >"$WORK/files"
  while read -r choose_number choose_mode choose_kind choose_path; do
    case "$chosen $choose_kind $choose_path" in
    "config plain $CONFIG") ;;
    "overlay overlay "*)
      # Joining is over, and a token's file that this machine does not have would keep K3s from starting.
      awk -v joining="$JOINING" '
        /^[^ #-]/ { key = $0; sub(/:.*/, "", key); gsub(/["\047+]/, "", key); skip = key ~ joining }
        /^#/ || !skip
      ' "$WORK/file.$choose_number" >"$WORK/overlay"
      mv "$WORK/overlay" "$WORK/file.$choose_number"
      ;;
    *" plain $REGISTRIES" | *" plain $ADMISSION_FILE" | *" plain $AUDIT_FILE" | *" plain $KERNEL_FILE") [ "$chosen" != none ] || continue ;;
    *) continue ;;
    esac
    printf '%s %s %s %s\n' "$choose_number" "$choose_mode" "$choose_kind" "$choose_path" >>"$WORK/files"
  done <"$WORK/declared-files"
}

# choose_registries: registries.yaml is no list of settings; K3s reads it when it starts. One that somebody else wrote, or
# changed since we did, is left alone.
choose_registries() {
  registries_new=$(content "$REGISTRIES")
  if [ -z "$registries_new" ] || same_file "$registries_new" 0600 "$REGISTRIES"; then return 0; fi
  if [ -e "$REGISTRIES" ] && [ "$(sha256 "$REGISTRIES")" != "$(cat "$STATE_DIR/registries" 2>/dev/null)" ]; then
    say "note: $REGISTRIES is somebody else's and says other things than the stack; it was left as it is"
    grep -vF " $REGISTRIES" "$WORK/files" >"$WORK/files.new" || true
    mv "$WORK/files.new" "$WORK/files"
    return 0
  fi
  echo "$REGISTRIES differs" >>"$WORK/more-reasons"
}

# say_notes: declared settings that are not in force on a machine whose config.yaml is somebody else's.
say_notes() {
  [ "$chosen" = none ] || return 0
  notes_file=$(awk -v dir="$WORK" -v path="$CONFIG" '$4 == path { print dir "/file." $1 }' "$WORK/declared-files")
  [ -n "$notes_file" ] || return 0
  yaml_settings "$notes_file" | cut -d ' ' -f 1 | sort -u | while read -r notes_key; do
    if printf '%s\n' "$notes_key" | grep -Eq "$JOINING"; then continue; fi
    notes_wanted=$(of_file "$notes_file" "$notes_key" | normal)
    notes_now=$(effective "$notes_key" | normal)
    if [ "$notes_wanted" != "$notes_now" ]; then
      say "note: $notes_key is ${notes_now:-not set} here, the stack says $notes_wanted; raise hosts.converge to have it so"
    fi
  done
}

# prepare_upgrade: the new binary as one more file of the change.
prepare_upgrade() {
  fetch binary "$(binary_name)"
  if [ -n "$(value "images-sha256-$arch")" ]; then fetch images "$(images_name)"; fi
  upgrade_mib=$(($(wc -c <"$STAGING/$(binary_name)") / 1048576 + 16))
  need_room "$((upgrade_mib * 2))" "$binary_path" "$STATE_DIR"
  upgrade_number=$(($(wc -l <"$WORK/declared-files") + 1))
  ln -s "$STAGING/$(binary_name)" "$WORK/file.$upgrade_number"
  printf '%s 0755 plain %s\n' "$upgrade_number" "$binary_path" >>"$WORK/files"
  echo "K3s is $version_have, wanted is $version" >>"$WORK/more-reasons"
}

# backup_first: an upgrade of a server has a way back only through its datastore's copy.
backup_first() {
  if [ "$role" = server ] && [ "$upgrade" = yes ]; then
    case $(datastore) in
    sqlite | etcd)
      say "backing up the datastore"
      printf 'name before-%s\nend\n' "$(printf '%s' "$version" | tr '+' '-')" | "$here/backup" >/dev/null ||
        fail "the backup before the upgrade failed; nothing was changed"
      ;;
    esac
  fi
}

present() {
  check_role
  read_settings "$unit"
  binary_path=$(sed -n -e '1s/^[-@:+!]*//p' "$WORK/words")
  refuse_moved_folders
  check_fixed
  check_version
  choose_files
  : >"$WORK/more-reasons"
  choose_registries
  check_kernel
  say_notes
  find_conflicts
  plan_override
  process=$(main_process "$unit")
  choose_api_files
  if [ "$upgrade" = yes ]; then prepare_upgrade; fi
  if [ -d "$PENDING" ] && ! restarted_since && grep -qs ' /.*/k3s$' "$PENDING/list" && [ "$upgrade" = no ]; then
    echo 'an interrupted run has put in another binary and not restarted it' >>"$WORK/more-reasons"
  fi
  find_reasons
  # A K3s that does not run is not started by taking it over.
  if [ "$chosen" = none ] && [ "$upgrade" = no ] && [ ! -d "$PENDING" ]; then : >"$WORK/reasons"; fi
  cat "$WORK/more-reasons" >>"$WORK/reasons"
  list_api_files
  if grep -qxF "$REGISTRIES differs" "$WORK/reasons"; then printf '%s\n' "$REGISTRIES" >>"$WORK/changes"; fi
  sort -u -o "$WORK/changes" "$WORK/changes"
  if ! set_kernel || ! audit_folder; then fail "$(cat "$WORK/why"). K3s and its settings are as they were; mend that, then run this again"; fi
  if [ -s "$WORK/reasons" ]; then
    say "K3s must be restarted: $(paste -s -d ';' "$WORK/reasons" | sed -e 's/;/; /g')"
    go_or_no_go
    backup_first
    if [ "$upgrade" = yes ]; then put_images || fail "cannot write the images to $IMAGES_DIR; make room there, then run this again"; fi
    change
    say "done: K3s $(installed_version "$binary_path") runs with the stack's settings"
  elif [ -s "$WORK/changes" ]; then
    write_changes || fail "cannot write $(paste -s -d ' ' "$WORK/changes"); what could not be written is as it was. Make room in /etc, then run this again"
    remember
    say "wrote $(paste -s -d ' ' "$WORK/changes"); it was in force already, so K3s was not restarted"
  else
    if [ "$chosen" != none ] || [ -d "$PENDING" ]; then remember; fi
    say "nothing to do: K3s $version_have is here$(if [ "$chosen" = none ]; then echo ', taken over as it is'; fi)"
  fi
  if [ "$chosen" != none ] && [ -n "$(content "$REGISTRIES")" ]; then remember_value registries "$(sha256 "$REGISTRIES")"; fi
  remember_value converge-k3s "$converge"
  rm -rf "$STAGING"
  drop_pending
  if [ "$chosen" != none ]; then drop_hardening; fi
}
