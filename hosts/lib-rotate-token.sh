# The token's rotation on this machine: where the token stands, and the new one in its place. Sourced by `rotate`, never run.
#
# No token is ever an argument of a program, not even of awk: arguments can be read by everybody.
# shellcheck shell=sh
# shellcheck disable=SC2153,SC2154 # role, first, unit, ... are the program's

SERVER_TOKEN=$K3S_DATA/server/token

# password: of a token on stdin. `K10<hash>::server:<password>` has it at its end, a short token is one.
password() { sed -n -e '1{s/^K10[0-9a-f]\{1,\}::\([a-z]\{1,\}:\)\{0,1\}//;p;}'; }

# is_secure: a token on stdin names the cluster's authority too.
is_secure() { grep -q '^K10[0-9a-f]\{1,\}::'; }

# token_environment: environment files of the unit with a token.
token_environment() {
  for environment_file in "/etc/default/$unit" "/etc/sysconfig/$unit" "$(unit_file "$unit").env"; do
    if grep -qs '^[[:space:]]*K3S_TOKEN=' "$environment_file"; then printf '%s\n' "$environment_file"; fi
  done
}

# token_sources: "KIND PATH" of every place that this machine's K3s may take the token from, the strongest first.
token_sources() {
  config_files | while read -r sources_file; do
    if [ -n "$(of_file "$sources_file" token)" ]; then printf 'setting %s\n' "$sources_file"; fi
  done
  token_environment | sed -e 's/^/environment /'
  sources_path=$(effective token-file | tail -n 1)
  if [ -n "$sources_path" ]; then printf 'file %s\n' "$sources_path"; fi
}

# token_of KIND PATH
token_of() {
  case $1 in
  setting) of_file "$2" token | tail -n 1 ;;
  environment) sed -n -e 's/^[[:space:]]*K3S_TOKEN=//p' "$2" | tail -n 1 | sed -e 's/^["'\'']//' -e 's/["'\''][[:space:]]*$//' ;;
  file) sed -n -e 1p "$2" 2>/dev/null || true ;;
  esac
}

# token_now: the one in force; the server's own where nobody gave it one.
token_now() {
  now_first=$(token_sources | head -n 1)
  if [ -n "$now_first" ]; then
    token_of "${now_first%% *}" "${now_first#* }"
  elif [ "$role" = server ]; then
    sed -n -e 1p "$SERVER_TOKEN"
  fi
}

# same_password FILE: this machine's token, and that in a file, have one password.
same_password() { [ "$(token_now | password)" = "$(password <"$1")" ]; }

# token_no_go: places that cannot be written, and tokens that are not the cluster's.
token_no_go() {
  if [ -n "$(in_flags token)" ] || grep -Eqs '^[[:space:]]*Environment=.*K3S_TOKEN=' "$(unit_file "$unit")"; then
    fail "the token stands in $(unit_file "$unit") itself, where every user of this machine reads it; nothing was changed. Put it into /etc/rancher/k3s/token (0600), name that by token-file in $CONFIG, take it out of the unit, restart K3s, then run this again"
  fi
  token_sources | while read -r no_go_kind no_go_path; do
    [ -s "$no_go_path" ] || fail "the token's file $no_go_path is not there or empty; nothing was changed. Put the token there, then run this again"
    [ "$no_go_kind" != setting ] || [ "$(of_file "$no_go_path" token | wc -l)" = 1 ] || fail "$no_go_path has more than one token; nothing was changed. Leave one, then run this again"
  done
  [ -n "$(token_now)" ] || fail "this $role has no token anywhere; nothing was changed. Name one by token-file in $CONFIG"
  if [ "$first" = yes ]; then
    [ -s "$SERVER_TOKEN" ] || fail "there is no $SERVER_TOKEN; nothing was changed. Has K3s ever run here?"
    same_password "$SERVER_TOKEN" ||
      fail "the token in $(token_sources | head -n 1 | cut -d ' ' -f 2) is not the cluster's ($SERVER_TOKEN has another); nothing was changed. After its next restart this server would not come back: put the cluster's token there first"
  elif [ "$action" = 'do' ]; then
    if [ -z "$(content /old)" ] || [ -z "$(content /new)" ]; then misuse "the request brings no secret-file /old and /new"; fi
    if [ "$role" = server ] && ! same_password "$(content /old)" && ! same_password "$(content /new)"; then
      fail "this server's token is neither the old one nor the new one; nothing was changed. Which token has it been given, and when? Put the cluster's there, restart K3s, then run this again"
    fi
  fi
}

# token_plan: for `check`.
token_plan() {
  plan_places=$(token_sources | cut -d ' ' -f 2 | paste -s -d ',' - | sed -e 's/,/, /g')
  if [ "$first" = yes ]; then
    echo "a backup, a new token made by K3s${plan_places:+, written to $plan_places}, and K3s restarted"
  elif [ -n "$plan_places" ]; then
    echo "the new token written to $plan_places, and K3s restarted"
  else
    echo "K3s restarted; its token stands nowhere but in $SERVER_TOKEN"
  fi
}

# replace_token KIND PATH: the new token (ROTATING/new) in place of the old one, in the form that stands there.
replace_token() {
  if token_of "$1" "$2" | is_secure && is_secure <"$ROTATING/new"; then
    cp "$ROTATING/new" "$WORK/token"
  else
    password <"$ROTATING/new" >"$WORK/token"
  fi
  case $1 in
  file) cp "$WORK/token" "$WORK/token-file" ;;
  setting)
    awk 'NR == FNR { token = $0; next } /^["\047]?token["\047]?[ \t]*:/ { print "token: \"" token "\""; next } { print }' \
      "$WORK/token" "$2" >"$WORK/token-file"
    ;;
  environment)
    awk 'NR == FNR { token = $0; next } /^[ \t]*K3S_TOKEN=/ { print "K3S_TOKEN=\047" token "\047"; next } { print }' \
      "$WORK/token" "$2" >"$WORK/token-file"
    ;;
  esac
  # Root's alone from now on, whatever it was.
  put_file "$WORK/token-file" 0600 "$2" ||
    fail "cannot write the new token to $2 ($(free_mib "$2") MiB are free); K3s here still runs, and would not start again before this is done. Make room there, then run this again"
}

# place_token: everywhere where the old one stands.
place_token() {
  token_sources | while read -r place_kind place_path; do
    if [ "$(token_of "$place_kind" "$place_path" | password)" = "$(password <"$ROTATING/old")" ]; then
      replace_token "$place_kind" "$place_path"
      say "wrote the new token to $place_path"
    fi
  done
}

# keep_token FOLDER: the first server's old one; the others are told both.
keep_token() {
  if [ "$first" = yes ]; then
    sed -n -e 1p "$SERVER_TOKEN" >"$1/old" && token_now | { if is_secure; then echo secure; else echo short; fi; } >"$1/form"
  else
    cp "$(content /old)" "$1/old" && cp "$(content /new)" "$1/new"
  fi
}

# make_token: K3s makes it. A killed run may have come that far: then the server's own file has it.
make_token() {
  if [ -s "$ROTATING/new" ]; then return 0; fi
  if [ "$(password <"$SERVER_TOKEN")" = "$(password <"$ROTATING/old")" ]; then
    say "having K3s make a new token"
    if ! timeout 120 k3s token rotate >"$WORK/rotate.log" 2>&1 && [ "$(password <"$SERVER_TOKEN")" = "$(password <"$ROTATING/old")" ]; then
      rm -rf "$ROTATING"
      give_lease_back
      fail "k3s token rotate failed: $(tail -n 1 "$WORK/rotate.log" | sed -e 's/K10[0-9a-f]*::[^ "]*/[secret]/g'); the token is as it was. Is the token in $SERVER_TOKEN the cluster's? Read journalctl -u $unit, then run this again"
    fi
    [ "$(password <"$SERVER_TOKEN")" != "$(password <"$ROTATING/old")" ] ||
      fail "k3s token rotate says that it is done, and $SERVER_TOKEN is as it was; read journalctl -u $unit, then run this again"
  fi
  sed -n -e 1p "$SERVER_TOKEN" >"$WORK/new"
  put_file "$WORK/new" 0600 "$ROTATING/new" ||
    fail "cannot write $ROTATING/new; the new token is in $SERVER_TOKEN. Make room in $STATE_DIR, then run this again"
}

rotate_token() {
  if [ "$role" = agent ] && [ ! -d "$ROTATING" ] && ! same_password "$(content /old)" && ! same_password "$(content /new)"; then
    say "this agent joined with a token of its own (agent-token or a bootstrap token), which stays as it is"
    return 0
  fi
  if [ "$first" = yes ] && [ ! -d "$ROTATING" ]; then backup_before; fi
  go
  begin_rotating keep_token
  if [ "$first" = yes ]; then make_token; fi
  place_token
  restart_here "the new token is in place, and the old one is no longer any good"
}

# give_tokens: on stdout, for the runner that brings them to the others.
give_tokens() {
  give_from=$ROTATING.done
  [ -s "$give_from/new" ] || fail "there is no new token to give; run \`rotate token do\` here first"
  printf 'form %s\n' "$(cat "$give_from/form")"
  printf 'old '
  cat "$give_from/old"
  printf 'new '
  cat "$give_from/new"
}
