# What stands against the files of a request: flags of the unit and later files that say otherwise. Sourced, never run.
#
# The program sets: unit, move and put_back (yes|no). WORK/files lists the request's files.
# shellcheck shell=sh
# shellcheck disable=SC2154 # unit, move, put_back are the program's

OUR_HEADER='# Written by seldon-k3s'

# is_ours PATH: it begins with our header.
is_ours() { [ -f "$1" ] && head -n 1 "$1" | grep -q "^$OUR_HEADER"; }

# refuse_moved_folders: everything here assumes K3s' own folders.
refuse_moved_folders() {
  moved_config=$(effective config | tail -n 1)
  if [ -n "$moved_config" ] && [ "$moved_config" != "$CONFIG" ]; then
    fail "K3s reads $moved_config (flag --config or K3S_CONFIG_FILE), allowed is $CONFIG; move its content there and take the flag out of $unit.service, then run this again"
  fi
  moved_data=$(effective data-dir | tail -n 1)
  [ "$moved_data" = "$K3S_DATA" ] ||
    fail "K3s keeps its data in $moved_data, allowed is $K3S_DATA; this machine cannot be managed by the stack as it is"
}

# read_declared: WORK/after is "KEY VALUE" of all files as they will be; WORK/keys is "KEY LATER OURS" of every key that
# the request's files have, or had until now: the file of somebody else that K3s reads after ours (or -), and ours.
read_declared() {
  # shellcheck disable=SC2046 # paths without blanks
  set -- $({ config_files && cut -d ' ' -f 4 "$WORK/files" | grep -e "^$CONFIG"; } | sort -u)
  : >"$WORK/all"
  : >"$WORK/replaced"
  for declared_path in "$@"; do
    declared_file=$(content "$declared_path")
    yaml_settings "${declared_file:-$declared_path}" | sed -e "s|^|$declared_path |" >>"$WORK/all"
    if [ -n "$declared_file" ] && [ -f "$declared_path" ]; then
      yaml_settings "$declared_path" | sed -e "s|^|$declared_path |" >>"$WORK/replaced"
    fi
  done
  merge_settings <"$WORK/all" >"$WORK/after"
  awk '
    FILENAME ~ /\/files$/ { ours[$4] = 1; next }
    { key = $2; sub(/\+$/, "", key) }
    FILENAME ~ /\/replaced$/ { if (!(key in last)) last[key] = $1; next }
    $1 in ours { last[key] = $1; delete other[key]; next }
    key in last { other[key] = $1 }
    END { for (key in last) print key, (key in other ? other[key] : "-"), last[key] }
  ' "$WORK/files" "$WORK/all" "$WORK/replaced" | sort >"$WORK/keys"
}

# declared KEY: its value in the files as they will be, K3s' default where it is in none.
declared() {
  declared_found=$(awk -v key="$1" '$1 == key { sub(/^[^ ]+ ?/, ""); print }' "$WORK/after")
  if [ -n "$declared_found" ]; then printf '%s\n' "$declared_found"; else default_of "$1"; fi
}

# of_file PATH KEY: value of a key in one file, without what it is merged with.
of_file() { yaml_settings "$1" | awk -v key="$2" '{ name = $1; sub(/\+$/, "", name) } name == key { sub(/^[^ ]+ ?/, ""); print }'; }

# normal: a list, or a value with commas, in one order, so that two ways of writing it compare.
normal() { tr ',' '\n' | sort | paste -s -d , -; }

# shown KEY: stdin, or [secret] for a key whose value is one.
shown() {
  case $1 in
  token | agent-token | *-secret-key | *-access-key | datastore-endpoint | vpn-auth) sed -e 's/..*/[secret]/' ;;
  *) cat ;;
  esac
}

# find_conflicts: WORK/moved gets the keys whose flag leaves the unit. What nobody allowed to be moved is a no-go.
find_conflicts() {
  read_declared
  : >"$WORK/conflicts"
  : >"$WORK/moved"
  : >"$WORK/moved-before"
  conflict_override=$(override_of "$unit")
  if [ -f "$conflict_override" ]; then sed -n -e 's/^# moved: //p' "$conflict_override" >"$WORK/moved-before"; fi
  while read -r conflict_key conflict_later conflict_ours; do
    conflict_wanted=$(declared "$conflict_key" | normal)
    conflict_flag=$(in_flags "$conflict_key" "$BASE" | normal)
    if [ -n "$conflict_flag" ] && [ "$conflict_flag" != "$conflict_wanted" ]; then
      if [ "$move" = yes ]; then
        printf '%s\n' "$conflict_key" >>"$WORK/moved"
      elif ! grep -qxF -e "$conflict_key" "$WORK/moved-before"; then
        printf '%s\n' "--$conflict_key=$(printf '%s' "$conflict_flag" | shown "$conflict_key") in $(unit_file "$unit"), wanted is ${conflict_wanted:-nothing}; set hosts.moveUnitFlags: true to have it moved, or take it out by hand" >>"$WORK/conflicts"
      fi
    fi
    if [ "$conflict_later" != - ] && yaml_settings "$conflict_later" | grep -q -e "^$conflict_key " &&
      [ "$(of_file "$conflict_later" "$conflict_key" | normal)" != "$(of_file "$(content "$conflict_ours")" "$conflict_key" | normal)" ]; then
      printf '%s\n' "$conflict_key in $conflict_later, which K3s reads after $conflict_ours; take it out of that file" >>"$WORK/conflicts"
    fi
  done <"$WORK/keys"
  # A flag that was moved stays moved, whatever its value is, until it is to be put back and says what the files say.
  while read -r conflict_key; do
    if [ "$put_back" = no ] || [ "$(in_flags "$conflict_key" "$BASE" | normal)" != "$(declared "$conflict_key" | normal)" ]; then
      printf '%s\n' "$conflict_key" >>"$WORK/moved"
    fi
  done <"$WORK/moved-before"
  if [ -s "$WORK/moved" ]; then sort -u -o "$WORK/moved" "$WORK/moved"; fi
  if [ -s "$WORK/moved" ]; then
    unit_drop_ins "$unit" | while read -r conflict_drop_in; do
      if [ "$(printf '%s\n' "${conflict_drop_in##*/}" 90-seldon-k3s.conf | sort | tail -n 1)" != 90-seldon-k3s.conf ] &&
        grep -q '^[[:space:]]*ExecStart' "$conflict_drop_in"; then
        printf '%s\n' "ExecStart in $conflict_drop_in, which systemd reads after our override; give that file a name before 90-"
      fi
    done >>"$WORK/conflicts"
  fi
  [ ! -s "$WORK/conflicts" ] || fail "K3s would not obey the stack's files; nothing was changed:
$(sed -e 's/^/  /' "$WORK/conflicts")"
}

# plan_override: WORK/override is what the override must hold; absent when there is to be none.
plan_override() {
  rm -f "$WORK/override"
  [ -s "$WORK/moved" ] || return 0
  {
    printf '%s\n' "$OUR_HEADER: these flags of the unit are settings in $CONFIG.d now."
    sed -e 's/^/# moved: /' "$WORK/moved"
    printf '[Service]\nExecStart=\n'
    awk '
      FILENAME ~ /\/moved$/ { moved[$1] = 1; next }
      FILENAME ~ /\/flags[.a-z]*$/ { if ($3 in moved) for (i = $1; i <= $2; i++) gone[i] = 1; next }
      FNR == 1 { printf "ExecStart=%s", $0; next }
      !(FNR in gone) { printf " \\\n    %s", $0 }
      END { print "" }
    ' "$WORK/moved" "$WORK/flags$BASE" "$WORK/raw$BASE"
  } >"$WORK/override"
}
