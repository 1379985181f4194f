# The rotation of the key that encrypts Secrets at rest. Sourced by `rotate`, never run.
#
# K3s 1.30 and newer: `k3s secrets-encrypt rotate-keys` on one server adds a key and writes every Secret anew with it, and
# every server learns of the new key when it starts (docs.k3s.io `cli/secrets-encrypt`).
# shellcheck shell=sh
# shellcheck disable=SC2153,SC2154 # first, unit, ... are the program's

# key_status LABEL: what K3s says behind a label that begins so: Encryption, Current or Server.
key_status() {
  timeout 60 k3s secrets-encrypt status 2>/dev/null | sed -n -e "s/^$1 [A-Za-z ]*: *//p"
}

# active_key: its name. Names are dates, and no secrets.
active_key() { timeout 60 k3s secrets-encrypt status 2>/dev/null | awk '$1 == "*" { print $NF }'; }

keys_match() { [ "$(key_status Server)" = 'All hashes match' ]; }

# key_no_go: K3s' own conditions, asked before anything is done.
key_no_go() {
  [ "$(key_status Encryption)" = Enabled ] ||
    fail "Secrets are not encrypted here (k3s secrets-encrypt status: $(key_status Encryption | grep . || echo no answer)), and K3s cannot begin that on a cluster that runs; nothing was changed"
  if [ "$first" = yes ]; then
    no_go_stage=$(key_status Current)
    case $no_go_stage in
    start | reencrypt_finished) ;;
    *) fail "another rotation of keys is under way by hand (stage $no_go_stage, allowed are start and reencrypt_finished); nothing was changed. See it through (docs.k3s.io, k3s secrets-encrypt), then run this again" ;;
    esac
    keys_match || fail "the servers do not have the same keys: $(key_status Server); nothing was changed. Restart K3s on the server that is named, then run this again"
  fi
}

keep_key() { active_key >"$1/key" && [ -s "$1/key" ]; }

# reencrypted: for wait_until.
reencrypted() { [ "$(key_status Current)" = reencrypt_finished ]; }

rotate_key() {
  if [ "$first" = yes ] && [ ! -d "$ROTATING" ]; then
    wait_until "$((timeout_seconds / 5))" "the other servers" others_up ||
      fail "another server is down, and could not read the new key: $(others_down | paste -s -d ';' -); nothing was changed. Bring it back, then run this again"
    backup_before
  fi
  begin_rotating keep_key
  if [ "$first" = yes ] && [ ! -e "$ROTATING/written" ]; then
    key_before=$(cat "$ROTATING/key")
    if [ "$(active_key)" = "$key_before" ]; then
      say "making a new key and writing every Secret anew, about five a second"
      if ! timeout 120 k3s secrets-encrypt rotate-keys >"$WORK/rotate.log" 2>&1 && [ "$(active_key)" = "$key_before" ]; then
        rm -rf "$ROTATING"
        give_lease_back
        fail "k3s secrets-encrypt rotate-keys failed: $(tail -n 1 "$WORK/rotate.log" | sed -e 's/.*msg=//'); the key is as it was. Read journalctl -u $unit, mend the cause, then run this again"
      fi
    fi
    wait_until "$reencrypt_seconds" "K3s, to write every Secret anew (stage $(key_status Current))" reencrypted ||
      fail "K3s has not written every Secret anew after $reencrypt_seconds s (stage $(key_status Current)); both keys are kept until it has. Read journalctl -u $unit; a run of this program goes on"
    : >"$ROTATING/written"
    flush "$ROTATING/written"
  fi
  # Writing anew may take longer than the lease is good for, and restarts nothing.
  go
  restart_here "the new key is in the datastore, and this server reads it when it starts"
}
