# K3s' settings as they are in force: flags of the unit, then its files, then its environment. Sourced, never run.
#
# K3s 1.33 `pkg/configfilearg`: config.yaml, then config.yaml.d/*.yaml and *.yml by name; a later file replaces a key
# whole, lists too, unless the key ends with `+`; a flag in the unit beats every file.
# shellcheck shell=sh

CONFIG=/etc/rancher/k3s/config.yaml

# config_files: the files that K3s reads, in its order.
config_files() {
  if [ -f "$CONFIG" ]; then printf '%s\n' "$CONFIG"; fi
  for config_file in "$CONFIG.d"/*; do
    case $config_file in
    *.[yY][aA][mM][lL] | *.[yY][mM][lL]) if [ -f "$config_file" ]; then printf '%s\n' "$config_file"; fi ;;
    esac
  done
}

# yaml_settings FILE: "KEY VALUE" for each scalar and each item of a list at the top of a YAML file. An empty list gives
# its key with the value []. Deeper structures do not occur in K3s' configuration.
yaml_settings() {
  awk '
    function scalar(text,   c) {
      sub(/^[ \t]+/, "", text)
      c = substr(text, 1, 1)
      if (c == "\"") {
        if (match(text, /^"([^"\\]|\\.)*"/)) { text = substr(text, 2, RLENGTH - 2); gsub(/\\"/, "\"", text); gsub(/\\\\/, "\\", text) }
      }
      else if (c == "\047") {
        if (match(text, /^\047([^\047]|\047\047)*\047/)) { text = substr(text, 2, RLENGTH - 2); gsub(/\047\047/, "\047", text) }
      }
      else {
        sub(/[ \t]+#.*$/, "", text)
        sub(/^#.*$/, "", text)
        sub(/[ \t]+$/, "", text)
        if (text ~ /^([Tt]rue|TRUE|[Yy]es|YES|[Oo]n|ON)$/) text = "true"
        else if (text ~ /^([Ff]alse|FALSE|[Nn]o|NO|[Oo]ff|OFF)$/) text = "false"
        else if (text ~ /^(~|null|Null|NULL)$/) text = ""
      }
      return text
    }
    function flow(text,   n, i, part) {
      sub(/^[ \t]*\[/, "", text)
      sub(/\][ \t]*(#.*)?$/, "", text)
      if (text ~ /^[ \t]*$/) { print key, "[]"; return }
      n = split(text, part, ",")
      for (i = 1; i <= n; i++) print key, scalar(part[i])
    }
    { sub(/\r$/, "") }
    /^[ \t]*(#|$)/ || /^(---|\.\.\.)/ { next }
    /^[ \t]*-([ \t]|$)/ { if (key != "") { sub(/^[ \t]*-[ \t]*/, ""); print key, scalar($0) } next }
    /^[^ \t]/ && match($0, /^("[^"]*"|\047[^\047]*\047|[A-Za-z0-9_.+-]+)[ \t]*:([ \t]|$)/) {
      text = substr($0, RLENGTH + 1)
      key = substr($0, 1, RLENGTH)
      sub(/[ \t]*:[ \t]*$/, "", key)
      gsub(/["\047]/, "", key)
      if (text ~ /^[ \t]*(#|$)/) next
      if (text ~ /^[ \t]*\[/) flow(text)
      else print key, scalar(text)
    }
  ' "$1"
}

# merge_settings: reads "FILE KEY VALUE", prints "KEY VALUE" as K3s merges them.
merge_settings() {
  awk '
    {
      file = $1
      key = $2
      value = $0
      sub(/^[^ ]+ [^ ]+ ?/, "", value)
      append = sub(/\+$/, "", key)
      if (!append && from[key] != file) count[key] = 0
      from[key] = file
      if (!(key in order)) { order[key] = ++keys; name[keys] = key }
      item[key, ++count[key]] = value
    }
    END {
      for (k = 1; k <= keys; k++)
        for (i = 1; i <= count[name[k]]; i++) print name[k], item[name[k], i]
    }
  '
}

# settings_of FILE...: merged settings of these files. Fails (1) on a file that is no list of keys.
settings_of() {
  for settings_file in "$@"; do
    if sed -e '/^[[:space:]]*#/d' "$settings_file" | grep -q '^[[:space:]]*{'; then return 1; fi
  done
  for settings_file in "$@"; do
    yaml_settings "$settings_file" | sed -e "s|^|$settings_file |"
  done | merge_settings
}

# read_settings UNIT: fills WORK/flags (read_unit), WORK/merged and WORK/environment.
read_settings() {
  read_unit "$1" ||
    fail "cannot understand how $1.service starts K3s: it must have one ExecStart that runs k3s server or k3s agent itself; read $(unit_file "$1")"
  # shellcheck disable=SC2046 # K3s' own files have no blanks in their names
  settings_of $(config_files) >"$WORK/merged" ||
    fail "a file of $CONFIG and $CONFIG.d is not written as \"key: value\" lines; write it so, then run this again"
  (umask 077 && unit_environment "$1" >"$WORK/environment")
}

# in_flags KEY [KIND]: values of a key among the unit's flags; KIND as in read_words.
in_flags() { awk -v key="$1" '$3 == key { sub(/^[0-9]+ [0-9]+ [^ ]+ /, ""); print }' "$WORK/flags${2:-}"; }

# in_files KEY: values of a key in the files.
in_files() { awk -v key="$1" '$1 == key { sub(/^[^ ]+ ?/, ""); print }' "$WORK/merged"; }

# default_of KEY: what K3s 1.33 takes when nobody says anything, for the keys that are compared here.
default_of() {
  case $1 in
  cluster-cidr) echo 10.42.0.0/16 ;;
  cluster-dns) echo 10.43.0.10 ;;
  cluster-domain) echo cluster.local ;;
  data-dir) echo /var/lib/rancher/k3s ;;
  egress-selector-mode) echo agent ;;
  etcd-snapshot-retention) echo 5 ;;
  etcd-snapshot-schedule-cron) echo '0 */12 * * *' ;;
  flannel-backend) echo vxlan ;;
  service-cidr) echo 10.43.0.0/16 ;;
  write-kubeconfig) echo /etc/rancher/k3s/k3s.yaml ;;
  write-kubeconfig-mode) echo 0600 ;;
  cluster-init | disable-kube-proxy | disable-network-policy | embedded-registry | etcd-snapshot-compress | secrets-encryption)
    echo false
    ;;
  esac
}

# effective KEY: values in force, one a line; K3s' default where nobody says anything.
effective() {
  effective_found=$(in_flags "$1")
  [ -n "$effective_found" ] || effective_found=$(in_files "$1")
  if [ -z "$effective_found" ] && [ -s "$WORK/environment" ]; then
    effective_name=K3S_$(printf '%s' "$1" | tr '[:lower:]-' '[:upper:]_')
    [ "$1" != server ] || effective_name=K3S_URL
    effective_found=$(sed -n -e "s/^$effective_name=//p" "$WORK/environment" | tail -n 1)
  fi
  if [ -n "$effective_found" ]; then printf '%s\n' "$effective_found"; else default_of "$1"; fi
}

# node_name: under which name K3s registers this machine.
node_name() {
  node_found=$(effective node-name | tail -n 1)
  printf '%s\n' "${node_found:-$HOST}" | tr '[:upper:]' '[:lower:]'
}
