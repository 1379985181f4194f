# What every program of this folder shares: progress lines, refusals, requests, time. Sourced, never run.
#
# A program says `seldon-k3s: <host>: <text>` on stderr and ends with 0 (done, or nothing to do), 1 (no-go or failed) or
# 2 (used wrongly). README.md beside this file describes requests.
# shellcheck shell=sh

# Appended, so that whoever calls can put other tools first. K3s brings iptables along for hosts that have none.
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATH="$PATH:/var/lib/rancher/k3s/data/current/bin/aux"
LC_ALL=C
export PATH LC_ALL
# Neither another cluster's kubeconfig nor somebody's K3s settings may reach the tools that are called here.
unset KUBECONFIG CDPATH K3S_TOKEN K3S_URL K3S_CONFIG_FILE K3S_DATA_DIR
umask 022

HOST=$(uname -n)
# How this machine is called in progress lines; a request may give it the stack's name.
LABEL=$HOST
PROGRAM=${0##*/}
RUN_DIR=/run/seldon-k3s
# shellcheck disable=SC2034 # for the programs
STATE_DIR=/var/lib/seldon-k3s

# say TEXT: one progress line per line of TEXT.
say() {
  while IFS= read -r say_line; do
    printf 'seldon-k3s: %s: %s\n' "$LABEL" "$say_line" >&2
  done <<TEXT
$*
TEXT
}

# fail TEXT: what, got, allowed, fix; exit 1.
fail() {
  say "$*"
  exit 1
}

# misuse TEXT: the request or the arguments make no sense; exit 2.
misuse() {
  say "$PROGRAM: $*"
  say "see $PROGRAM --help"
  exit 2
}

# help_and_exit FILE: prints the comment at the top of a program.
help_and_exit() {
  sed -n -e '1d' -e '/^#/!q' -e '/^# shellcheck /d' -e 's/^# \{0,1\}//p' "$1"
  exit 0
}

require_root() {
  [ "$(id -u)" = 0 ] || fail "$PROGRAM must run as root (got user $(id -un)); run it with sudo"
}

# now: seconds since boot; a clock that is set does not disturb it.
now() {
  read -r now_text </proc/uptime
  printf '%s\n' "${now_text%%.*}"
}

# has COMMAND
has() { command -v "$1" >/dev/null 2>&1; }

# wait_until SECONDS WHAT COMMAND...: until the command succeeds; 1 when the time is over. The command ends with 3 when
# waiting longer is of no use. Sets wait_took, in seconds.
wait_until() {
  wait_took=0
  wait_start=$(now)
  wait_end=$((wait_start + $1))
  wait_said=$(now)
  wait_what=$2
  shift 2
  while :; do
    wait_code=0
    "$@" || wait_code=$?
    case $wait_code in
    0) return 0 ;;
    3) return 1 ;;
    esac
    wait_took=$(($(now) - wait_start))
    [ "$((wait_start + wait_took))" -lt "$wait_end" ] || return 1
    if [ $(($(now) - wait_said)) -ge 15 ]; then
      wait_said=$(now)
      say "waiting for $wait_what, $((wait_end - wait_said)) s left"
    fi
    sleep "${POLL_SECONDS:-1}"
  done
}

# --- processes -------------------------------------------------------------------------------------------------------

# process_identity PID: "PID START BOOT", which no other process ever has; nothing when there is no such process, or only
# what is left of one (a zombie).
process_identity() {
  identity_pid=$1
  # The name in the second field may hold spaces and brackets; the 20th field after its last bracket is the start.
  { read -r identity_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  identity_stat=${identity_stat##*) }
  case $identity_stat in
  Z*) return 0 ;;
  esac
  # shellcheck disable=SC2086 # its words
  set -- "$1" $identity_stat
  shift 20 2>/dev/null || return 0
  read -r identity_boot </proc/sys/kernel/random/boot_id
  printf '%s %s %s\n' "$identity_pid" "$1" "$identity_boot"
}

# is_alive IDENTITY
is_alive() {
  [ -n "$1" ] && [ "$(process_identity "${1%% *}")" = "$1" ]
}

# --- one disruptive program at a time ----------------------------------------------------------------------------------

# lock_try: takes the lock, or prints the owner's line. The kernel's lock is held for this look only: K3s, started from
# a program, would inherit it and hold it for ever.
lock_try() {
  (
    flock 9
    lock_owner=$(cat "$RUN_DIR/lock" 2>/dev/null || true)
    if [ -n "$lock_owner" ] && is_alive "${lock_owner#* }"; then
      printf '%s\n' "$lock_owner"
    else
      [ -z "$lock_owner" ] || say "taking over the lock of ${lock_owner%% *}, which is dead"
      printf '%s %s\n' "$PROGRAM" "$(process_identity $$)" >"$RUN_DIR/lock.new"
      mv "$RUN_DIR/lock.new" "$RUN_DIR/lock"
    fi
  ) 9>"$RUN_DIR/lock.guard"
}

lock_free() {
  lock_other=$(lock_try) || return 1
  if [ -n "$lock_other" ] && [ "$lock_other" != "$lock_said" ]; then
    lock_said=$lock_other
    lock_pid=${lock_other#* }
    say "waiting for ${lock_other%% *} (pid ${lock_pid%% *}), which is at work on this host"
  fi
  [ -z "$lock_other" ]
}

# take_lock: waits for whoever is at work on this host (request key lock-wait-seconds, default 3600). A program that
# another one has called works under that one's lock.
take_lock() {
  lock_said=''
  if [ -n "${SELDON_K3S_LOCK:-}" ] && [ "$SELDON_K3S_LOCK" = "$(cat "$RUN_DIR/lock" 2>/dev/null)" ]; then return 0; fi
  lock_wait=$(number lock-wait-seconds 3600)
  wait_until "$lock_wait" "the other program" lock_free ||
    fail "another program is still at work on this host: $lock_other; wait for it, then run this again"
  SELDON_K3S_LOCK=$(cat "$RUN_DIR/lock")
  LOCK_MINE=yes
  export SELDON_K3S_LOCK
}

# --- work folder and request -------------------------------------------------------------------------------------------

tidy_up() {
  if [ -n "${WORK:-}" ]; then rm -rf "$WORK"; fi
  if [ "${LOCK_MINE:-}" = yes ]; then rm -f "$RUN_DIR/lock"; fi
}

# work_folder: sets WORK, a private folder in memory that goes when the program ends. Its name says whose it is
# (work.PID.START): what a killed program left goes with the next one, even where its number is taken again.
work_folder() {
  mkdir -p "$RUN_DIR"
  chmod 0700 "$RUN_DIR"
  for work_old in "$RUN_DIR"/work.*; do
    work_name=${work_old##*/work.}
    work_now=$(process_identity "${work_name%%.*}")
    case $work_now in
    "${work_name%%.*} ${work_name#*.} "*) ;;
    *) rm -rf "$work_old" ;;
    esac
  done
  work_now=$(process_identity $$)
  work_now=${work_now% *}
  WORK="$RUN_DIR/work.$$.${work_now#* }"
  mkdir -m 0700 "$WORK"
  trap tidy_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# read_request [FILE]: reads the request (stdin by default) into WORK. Files that the request brings lie in WORK/file.N,
# listed in WORK/files as "N MODE plain|secret|overlay PATH".
read_request() {
  work_folder
  (
    umask 077
    : >"$WORK/values"
    : >"$WORK/files"
    cat -- "${1:--}" >"$WORK/request"
    awk -v dir="$WORK" '
      function bad(text) { print NR ": " text > (dir "/fault"); exit 2 }
      ended && NF { bad("text after the line \"end\"") }
      /^\|( |$)/ { if (file == "") bad("content that belongs to no file"); print substr($0, 3) > file; next }
      { if (file != "") { close(file); file = "" } }
      /^$/ || /^#/ { next }
      $0 == "end" { ended = 1; next }
      /^([a-z]+-)?file / {
        if ($0 !~ /^((secret|overlay)-)?file 0[0-7][0-7][0-7] \/[^ ]+$/ || $3 ~ /\/\.\.?(\/|$)/) bad("not \"file MODE /PATH\"")
        if ($3 in paths) bad("a second file " $3)
        paths[$3] = 1
        file = dir "/file." (++count)
        printf "" > file
        kind = $1
        sub(/-?file$/, "", kind)
        print count, $2, (kind == "" ? "plain" : kind), $3 > (dir "/files")
        next
      }
      /^[a-z0-9-]+( |$)/ { print > (dir "/values"); next }
      { bad("neither \"key value\" nor content") }
      END { if (!ended) print "cut off: the last line must be \"end\"" > (dir "/fault") }
    ' "$WORK/request" || true
    rm -f "$WORK/request"
  )
  [ ! -s "$WORK/fault" ] || misuse "request, line $(cat "$WORK/fault")"
  LABEL=$(value host "$HOST")
  case $LABEL in
  *[!A-Za-z0-9._-]*) misuse "host: not a machine's name" ;;
  esac
}

# values KEY: all values of a key, one a line.
values() {
  while read -r values_key values_rest; do
    if [ "$values_key" = "$1" ]; then printf '%s\n' "$values_rest"; fi
  done <"$WORK/values"
}

# value KEY [DEFAULT]: the last value of a key.
value() {
  value_found=${2:-}
  while read -r values_key values_rest; do
    if [ "$values_key" = "$1" ]; then value_found=$values_rest; fi
  done <"$WORK/values"
  printf '%s\n' "$value_found"
}

# choice KEY DEFAULT ALLOWED...: DEFAULT - for a key that must be given.
choice() {
  choice_key=$1
  choice_got=$(value "$1" "$2")
  shift 2
  for choice_allowed in "$@"; do
    if [ "$choice_got" = "$choice_allowed" ]; then
      printf '%s\n' "$choice_got"
      return 0
    fi
  done
  [ "$choice_got" != - ] || misuse "$choice_key is missing; allowed: $*"
  misuse "$choice_key: got \"$choice_got\"; allowed: $*"
}

# number KEY DEFAULT
number() {
  number_got=$(value "$1" "$2")
  case $number_got in
  '' | *[!0-9]*) misuse "$1: got \"$number_got\"; allowed: a whole number" ;;
  esac
  printf '%s\n' "$number_got"
}

# allow_keys KEY...: refuses a request with any other key. The machine's name and the times to wait are allowed everywhere.
allow_keys() {
  allow_unknown=$(
    for allow_key in "$@" host lock-wait-seconds poll-seconds timeout-seconds; do printf '%s\n' "$allow_key"; done |
      awk 'NR == FNR { known[$1] = 1; next } !known[$1] && !said[$1]++ { printf " %s", $1 }' - "$WORK/values"
  )
  [ -z "$allow_unknown" ] || misuse "unknown keys:$allow_unknown; allowed: $*"
  POLL_SECONDS=$(value poll-seconds 1)
  case $POLL_SECONDS in
  *[!0-9.]* | '' | .) misuse "poll-seconds: got \"$POLL_SECONDS\"; allowed: seconds such as 1 or 0.2" ;;
  esac
}

# content PATH: the file that the request brings for PATH; nothing when it brings none.
content() { awk -v dir="$WORK" -v path="$1" '$4 == path { print dir "/file." $1 }' "$WORK/files"; }

# no_files: for programs whose request brings no file.
no_files() {
  [ ! -s "$WORK/files" ] || misuse "files are not part of this request: $(cut -d ' ' -f 4- "$WORK/files" | tr '\n' ' ')"
}
