# Writing files so that a power cut leaves the old file or the new one, never a part. Sourced, never run.
# shellcheck shell=sh

# flush PATH: brings a file or folder to disk. Where sync knows no operand it brings everything.
flush() { sync "$1" 2>/dev/null || sync; }

# temporary PATH: name of the unfinished file beside PATH. It ends so that neither K3s (*.yaml) nor systemd (*.conf,
# *.service) reads it, and it is the same at every run, so that what a killed run leaves is written over.
temporary() { printf '%s/.%s.seldon-k3s-new\n' "$(dirname -- "$1")" "$(basename -- "$1")"; }

# put_file SOURCE MODE PATH: mode first, then content, then the name. Fails (1) with the old file in place.
put_file() {
  put_new=$(temporary "$3")
  mkdir -p -- "$(dirname -- "$3")" || return 1
  if (umask 077 && : >"$put_new") && chmod "$2" "$put_new" && cat -- "$1" >"$put_new" && flush "$put_new" &&
    mv -f -- "$put_new" "$3"; then
    flush "$(dirname -- "$3")"
  else
    rm -f -- "$put_new"
    return 1
  fi
}

# same_file SOURCE MODE PATH: content and mode are so already.
same_file() {
  [ -f "$3" ] && [ ! -L "$3" ] && cmp -s -- "$1" "$3" && [ "$(stat -c %a -- "$3")" = "${2#0}" ]
}

# drop_file PATH: away, and away after a power cut too.
drop_file() {
  rm -f -- "$1" "$(temporary "$1")" || return 1
  if [ -d "$(dirname -- "$1")" ]; then flush "$(dirname -- "$1")"; fi
}

# drop_folder_if_empty PATH
drop_folder_if_empty() { rmdir -- "$1" 2>/dev/null || true; }

# sha256 PATH
sha256() { sha256sum -- "$1" | cut -d ' ' -f 1; }

# free_mib PATH: room for files below PATH, which need not exist yet.
free_mib() {
  free_path=$1
  while [ ! -d "$free_path" ]; do free_path=$(dirname -- "$free_path"); done
  df -Pk -- "$free_path" | awk 'NR == 2 { printf "%d\n", $4 / 1024 }'
}

# need_room MIB PATH...: refuses when one of them has less.
need_room() {
  need_mib=$1
  shift
  for need_path in "$@"; do
    need_got=$(free_mib "$need_path")
    [ "$need_got" -ge "$need_mib" ] ||
      fail "too little room for $need_path: got $need_got MiB free, at least $need_mib MiB is needed; make room, then run this again"
  done
}

# state_folder: what the programs remember. It may hold copies of files with secrets.
state_folder() { (umask 077 && mkdir -p "$STATE_DIR"); }

# --- what is remembered of files that are about to change ----------------------------------------------------------------

# keep_old FOLDER PATH...: copies what is there now, once: a second call leaves the first copy, which is the state to go
# back to. FOLDER/list says "N present|absent PATH".
keep_old() {
  keep_dir=$1
  shift
  (umask 077 && mkdir -p -- "$keep_dir") || return 1
  [ -e "$keep_dir/list" ] || : >"$keep_dir/list"
  for keep_path in "$@"; do
    if ! awk -v path="$keep_path" '$3 == path { found = 1 } END { exit !found }' "$keep_dir/list"; then
      keep_number=$(($(wc -l <"$keep_dir/list") + 1))
      if [ -e "$keep_path" ]; then
        cp -p -- "$keep_path" "$keep_dir/old.$keep_number" || return 1
        flush "$keep_dir/old.$keep_number"
        keep_kind=present
      else
        keep_kind=absent
      fi
      { cat "$keep_dir/list" && printf '%s %s %s\n' "$keep_number" "$keep_kind" "$keep_path"; } >"$keep_dir/list.new" &&
        flush "$keep_dir/list.new" && mv "$keep_dir/list.new" "$keep_dir/list" || return 1
    fi
  done
  flush "$keep_dir"
}

# put_old_back FOLDER
put_old_back() {
  put_back_code=0
  while read -r back_number back_kind back_path; do
    if [ "$back_kind" = absent ]; then
      drop_file "$back_path" || put_back_code=1
    elif ! cmp -s -- "$1/old.$back_number" "$back_path"; then
      put_file "$1/old.$back_number" "0$(stat -c %a "$1/old.$back_number")" "$back_path" || put_back_code=1
      touch -r "$1/old.$back_number" -- "$back_path" || true
    fi
  done <"$1/list"
  return "$put_back_code"
}
