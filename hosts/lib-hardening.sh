# What the CIS profile puts beside K3s' settings: kernel values, and two files that the API server reads when it starts.
# Sourced after lib-conflicts.sh, never run.
#
# The order is the point: kubelet with protect-kernel-defaults ends where a kernel value is wrong, and the API server
# where a file is missing. So values and files come before the settings that lean on them, and go after.
# shellcheck shell=sh
# shellcheck disable=SC2154 # chosen is the program's

KERNEL_FILE=/etc/sysctl.d/90-kubelet.conf
# Before config.yaml in every alphabet, so that a change that is cut off has written them first.
ADMISSION_FILE=/etc/rancher/k3s/admission.yaml
AUDIT_FILE=/etc/rancher/k3s/audit-policy.yaml
AUDIT_FOLDER=$K3S_DATA/server/logs

# kernel_values FILE: "KEY VALUE" of a file of sysctl.d.
kernel_values() {
  sed -n -e 's/^[[:space:]]*-\{0,1\}\([a-z][A-Za-z0-9_./-]*\)[[:space:]]*=[[:space:]]*\(.*[^[:space:]]\)[[:space:]]*$/\1 \2/p' "$1" | tr '\t' ' '
}

# kernel_file_value FILE KEY: what a file gives a key; nothing when it does not name it.
kernel_file_value() {
  kernel_values "$1" | while read -r kernel_key kernel_value; do
    if [ "$(printf '%s' "$kernel_key" | tr / .)" = "$2" ]; then printf '%s\n' "$kernel_value"; fi
  done | tail -n 1
}

# kernel_files_after: files that the system reads after ours when it boots, and so win.
kernel_files_after() {
  {
    for kernel_path in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf; do
      if [ -f "$kernel_path" ]; then printf '%s %s\n' "${kernel_path##*/}" "$kernel_path"; fi
    done
  } | sort -s -k 1,1 | awk '!seen[$1]++ && $1 > "90-kubelet.conf" { print $2 }'
  # Read last of all where there is no systemd, and by sysctl --system.
  if [ -f /etc/sysctl.conf ]; then echo /etc/sysctl.conf; fi
}

# check_kernel: no-go where the values could not stay. The request may bring no such file, then nothing is looked at. The
# file leaves the list of those that K3s reads: it is written by itself, and first.
check_kernel() {
  kernel_new=$(content "$KERNEL_FILE")
  [ -n "$kernel_new" ] || return 0
  awk -v path="$KERNEL_FILE" '$4 != path' "$WORK/files" >"$WORK/files.new"
  mv "$WORK/files.new" "$WORK/files"
  has sysctl || fail "there is no program sysctl here, and k3s.hardening: cis sets kernel values with it; nothing was changed. Install it (package procps)"
  kernel_values "$kernel_new" >"$WORK/kernel"
  [ -s "$WORK/kernel" ] || misuse "$KERNEL_FILE: the file of the request holds no \"key = value\""
  if [ -f "$KERNEL_FILE" ] && ! is_ours "$KERNEL_FILE"; then
    while read -r kernel_key kernel_wanted; do
      kernel_got=$(kernel_file_value "$KERNEL_FILE" "$kernel_key")
      if [ "${kernel_got:-$kernel_wanted}" != "$kernel_wanted" ]; then
        fail "$KERNEL_FILE is somebody else's and says $kernel_key = $kernel_got, wanted is $kernel_wanted; nothing was changed. Correct it or remove it, then run this again"
      fi
    done <"$WORK/kernel"
  fi
  for kernel_path in $(kernel_files_after); do
    while read -r kernel_key kernel_wanted; do
      kernel_got=$(kernel_file_value "$kernel_path" "$kernel_key")
      if [ "${kernel_got:-$kernel_wanted}" != "$kernel_wanted" ]; then
        fail "$kernel_path says $kernel_key = $kernel_got and is read after $KERNEL_FILE, wanted is $kernel_wanted: after a reboot kubelet would not start; nothing was changed. Take it out of that file, then run this again"
      fi
    done <"$WORK/kernel"
  done
}

# put_kernel: an installation that fails takes its file away again.
put_kernel() {
  if [ -d "${INSTALLING:-}" ]; then place "$kernel_new" 0600 "$KERNEL_FILE"; else put_file "$kernel_new" 0600 "$KERNEL_FILE"; fi
}

# set_kernel: the values, now and after a reboot. Fails (1) with WORK/why.
set_kernel() {
  [ -n "$kernel_new" ] || return 0
  while read -r kernel_key kernel_wanted; do
    kernel_got=$(sysctl -n "$kernel_key" 2>/dev/null || true)
    if [ "$kernel_got" != "$kernel_wanted" ]; then
      sysctl -w "$kernel_key=$kernel_wanted" >"$WORK/sysctl.log" 2>&1 || true
      kernel_now=$(sysctl -n "$kernel_key" 2>/dev/null || true)
      if [ "$kernel_now" != "$kernel_wanted" ]; then
        echo "the kernel does not take $kernel_key = $kernel_wanted, it is ${kernel_got:-not there}: $(head -n 1 "$WORK/sysctl.log")" >"$WORK/why"
        return 1
      fi
      say "set $kernel_key from $kernel_got to $kernel_wanted"
    fi
  done <"$WORK/kernel"
  if { [ ! -f "$KERNEL_FILE" ] || is_ours "$KERNEL_FILE"; } && ! same_file "$kernel_new" 0600 "$KERNEL_FILE"; then
    put_kernel || {
      echo "cannot write $KERNEL_FILE ($(free_mib /etc) MiB are free)" >"$WORK/why"
      return 1
    }
  fi
}

# audit_folder: only root may read who did what. Fails (1) with WORK/why.
audit_folder() {
  [ -n "$(content "$AUDIT_FILE")" ] || return 0
  if ! (umask 077 && mkdir -p "$AUDIT_FOLDER") || ! chmod 0700 "$AUDIT_FOLDER"; then
    echo "cannot make $AUDIT_FOLDER" >"$WORK/why"
    return 1
  fi
}

# api_files: those of the request that the API server reads when it starts.
api_files() { awk -v a="$ADMISSION_FILE" -v b="$AUDIT_FILE" '$4 == a || $4 == b { print }' "$WORK/files"; }

# choose_api_files: adds to WORK/more-reasons. A change that was interrupted between file and restart counts too.
choose_api_files() {
  api_files | while read -r api_number api_mode _ api_path; do
    if [ -e "$api_path" ] && ! is_ours "$api_path" && ! cmp -s "$WORK/file.$api_number" "$api_path"; then
      fail "$api_path was written by somebody else and says other things than the stack; nothing was changed. Move it away, then run this again"
    fi
    if ! same_file "$WORK/file.$api_number" "$api_mode" "$api_path"; then
      echo "$api_path differs" >>"$WORK/more-reasons"
    elif [ -d "$PENDING" ] && ! restarted_since && awk -v path="$api_path" '$3 == path { found = 1 } END { exit !found }' "$PENDING/list"; then
      echo "an interrupted run has written $api_path and not restarted K3s" >>"$WORK/more-reasons"
    fi
  done
}

# list_api_files: those that differ, for WORK/changes, also where they are not there yet.
list_api_files() {
  api_files | while read -r api_number api_mode _ api_path; do
    same_file "$WORK/file.$api_number" "$api_mode" "$api_path" || printf '%s\n' "$api_path" >>"$WORK/changes"
  done
  sort -u -o "$WORK/changes" "$WORK/changes"
}

# drop_hardening: files of ours that the request does not bring any more. Called when K3s runs without what named them.
# Kernel values stay until the next boot: without protect-kernel-defaults kubelet sets the same.
drop_hardening() {
  for drop_path in "$ADMISSION_FILE" "$AUDIT_FILE" "$KERNEL_FILE"; do
    if ! awk -v path="$drop_path" '$4 == path { found = 1 } END { exit !found }' "$WORK/declared-files" && is_ours "$drop_path"; then
      drop_file "$drop_path" || fail "K3s runs as declared, but $drop_path cannot be removed; look at that folder's file system, then run this again"
      say "removed $drop_path"
    fi
  done
}
