# K3s' systemd unit: where it is, with which words it starts K3s, and our override of it. Sourced, never run.
# shellcheck shell=sh

UNIT_DIRS='/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system'
# Our override of a unit lies beside its other drop-ins.
override_of() { printf '/etc/systemd/system/%s.service.d/90-seldon-k3s.conf\n' "$1"; }

# unit_file UNIT: path of the unit; nothing when there is none.
unit_file() {
  for unit_dir in $UNIT_DIRS; do
    if [ -f "$unit_dir/$1.service" ]; then
      printf '%s\n' "$unit_dir/$1.service"
      return 0
    fi
  done
}

# unit_drop_ins UNIT: its drop-ins in the order in which systemd reads them: by name, the first folder wins.
unit_drop_ins() {
  unit_found=''
  for unit_dir in $UNIT_DIRS; do
    for unit_conf in "$unit_dir/$1.service.d"/*.conf; do
      if [ -f "$unit_conf" ]; then unit_found="$unit_found${unit_conf##*/} $unit_conf
"; fi
    done
  done
  [ -n "$unit_found" ] || return 0
  printf '%s' "$unit_found" | awk '!seen[$1]++' | sort -k 1,1 | cut -d ' ' -f 2-
}

# unit_words FILE...: words of ExecStart after unit and drop-ins, one a line: as written, a tab, as K3s gets them.
# Fails (1) unless there is exactly one ExecStart.
# begin unit-words
unit_words() {
  awk '
    function handle(text) {
      sub(/^[ \t]+/, "", text)
      if (text ~ /^\[/) { section = text; sub(/[ \t]+$/, "", section) }
      else if (section == "[Service]" && text ~ /^ExecStart[ \t]*=/) {
        sub(/^ExecStart[ \t]*=[ \t]*/, "", text)
        if (text ~ /^[ \t]*$/) count = 0
        else line[++count] = text
      }
    }
    function end_of_file() { if (joined) handle(text); joined = 0; section = "" }
    function emit() { if (index(raw, "\t")) exit 1; if (inside) printf "%s\t%s\n", raw, word; raw = word = ""; inside = 0 }
    FNR == 1 { end_of_file() }
    joined && /^[ \t]*[#;]/ { next }
    !joined && /^[ \t]*([#;]|$)/ { next }
    {
      text = joined ? text " " $0 : $0
      if (text ~ /\\$/) { sub(/\\$/, "", text); joined = 1; next }
      joined = 0
      handle(text)
    }
    END {
      end_of_file()
      if (count != 1) exit 1
      known["s"] = " "; known["t"] = "\t"; known["\\"] = "\\"; known["\""] = "\""; known["\047"] = "\047"
      text = line[1]
      for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (quote == "" && (c == " " || c == "\t")) { emit(); continue }
        inside = 1
        raw = raw c
        if (c == "\\") {
          d = substr(text, ++i, 1)
          raw = raw d
          word = word (d in known ? known[d] : c d)
        }
        else if (quote == "" && (c == "\"" || c == "\047")) quote = c
        else if (c == quote) quote = ""
        else if ((c == "%" || c == "$") && substr(text, i + 1, 1) == c) { raw = raw c; word = word c; i++ }
        else word = word c
      }
      emit()
    }
  ' "$@"
}
# end unit-words

# flags_of: reads words as K3s gets them, prints "FIRST LAST KEY VALUE" for each flag: the words that it takes up, its
# long name, its value. K3s takes no words beside flags, so a word without dash that follows a flag is its value.
flags_of() {
  awk '
    BEGIN { long["t"] = "token"; long["s"] = "server"; long["d"] = "data-dir"; long["c"] = "config"; long["o"] = "write-kubeconfig" }
    { word[NR] = $0 }
    END {
      for (i = 1; i <= NR; i++) {
        if (word[i] !~ /^--?[A-Za-z]/) continue
        first = i
        key = word[i]
        sub(/^--?/, "", key)
        if ((at = index(key, "=")) > 0) { value = substr(key, at + 1); key = substr(key, 1, at - 1) }
        else if (i < NR && word[i + 1] !~ /^-/) value = word[++i]
        else value = "true"
        if (key in long) key = long[key]
        print first, i, key, value
      }
    }
  '
}

# k3s_unit ROLE: name of the unit of a role.
k3s_unit() { if [ "$1" = agent ]; then echo k3s-agent; else echo k3s; fi; }

# read_words KIND FILE...: WORK/raw, WORK/words and WORK/flags of these files, each with KIND behind its name.
read_words() {
  read_kind=$1
  shift
  unit_words "$@" >"$WORK/both$read_kind" || return 1
  cut -f 1 "$WORK/both$read_kind" >"$WORK/raw$read_kind"
  cut -f 2- "$WORK/both$read_kind" >"$WORK/words$read_kind"
  {
    read -r read_program
    read -r read_role
  } <"$WORK/words$read_kind" || return 1
  case $read_program in */k3s) ;; *) return 1 ;; esac
  case $read_role in server | agent) ;; *) return 1 ;; esac
  flags_of <"$WORK/words$read_kind" >"$WORK/flags$read_kind"
}

# read_unit UNIT: words and flags in force; sets BASE, the KIND of those without our own override. Fails (1) when the
# unit cannot be understood: it must start k3s itself.
read_unit() {
  BASE=''
  read_drop_ins=$(unit_drop_ins "$1")
  # shellcheck disable=SC2086 # a list of paths without blanks
  read_words '' "$(unit_file "$1")" $read_drop_ins || return 1
  if [ -f "$(override_of "$1")" ]; then
    # shellcheck disable=SC2034 # lib-conflicts.sh uses it
    BASE=.base
    read_drop_ins=$(printf '%s\n' "$read_drop_ins" | grep -vxF -e "$(override_of "$1")" || true)
    # shellcheck disable=SC2086
    read_words .base "$(unit_file "$1")" $read_drop_ins
  fi
}

# unit_environment UNIT: NAME=VALUE lines that K3s gets from the installer's environment files and the unit's own.
unit_environment() {
  {
    # shellcheck disable=SC2046 # a list of paths without blanks
    sed -n -e 's/^Environment=//p' "$(unit_file "$1")" $(unit_drop_ins "$1") 2>/dev/null
    cat "/etc/default/$1" "/etc/sysconfig/$1" "$(unit_file "$1").env" 2>/dev/null
  } | sed -n -e 's/^[[:space:]]*["'\'']\{0,1\}\([A-Za-z_][A-Za-z0-9_]*\)=["'\'']\{0,1\}\(.*\)$/\1=\2/p' |
    sed -e 's/["'\'']*[[:space:]]*$//'
}
