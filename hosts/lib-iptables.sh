# Taking chains and rules out of iptables by their exact text, beside others who change theirs. Sourced, never run.
#
# A rule is deleted by the text that iptables-save gave for it, fed to iptables-restore --noflush: comments match, no
# shell reads the text, a table changes in one piece or not at all, and nobody else's rule is touched.
# shellcheck shell=sh

# iptables_backends: "SAVE RESTORE" for each family and backend that this machine has rules in. A legacy table that /proc
# does not name does not exist, and asking for it would make it.
iptables_backends() {
  for backend_family in ip ip6; do
    backend_tool=iptables
    if [ "$backend_family" = ip6 ]; then backend_tool=ip6tables; fi
    if has "$backend_tool-nft-save" || has "$backend_tool-legacy-save"; then
      if has "$backend_tool-nft-save"; then echo "$backend_tool-nft"; fi
      if has "$backend_tool-legacy-save" && grep -qs . "/proc/net/${backend_family}_tables_names"; then echo "$backend_tool-legacy"; fi
    elif has "$backend_tool-save"; then
      echo "$backend_tool"
    fi
  done
}

# iptables_dump TOOL: all its tables.
iptables_dump() {
  "$1-save" 2>"$WORK/iptables-error" ||
    fail "$1-save failed: $(head -n 1 "$WORK/iptables-error"); it must be readable to know what is left. Nothing more was changed"
}

# iptables_select: reads a dump, prints "chain TABLE NAME", "rule TABLE TEXT" for what is to go. WORK/chains and
# WORK/comments hold beginnings of names and comments, WORK/networks names of CNI networks whose host ports go;
# WORK/sandboxes, if there, limits those to these sandboxes.
iptables_select() {
  : >>"$WORK/chains"
  : >>"$WORK/comments"
  : >>"$WORK/networks"
  set -- "$WORK/chains" "$WORK/comments" "$WORK/networks"
  if [ -f "$WORK/sandboxes" ]; then set -- "$@" "$WORK/sandboxes"; fi
  awk -v limited="$([ -f "$WORK/sandboxes" ] && echo 1)" '
    function ours(name,   p) { for (p in chains) if (index(name, p) == 1) return 1; return 0 }
    function commented(text,   p) {
      for (p in comments) if (index(text, "--comment \"" p) || index(text, "--comment " p)) return 1
      return 0
    }
    # Host ports: `--comment "dnat name: \"cbr0\" id: \"<sandbox>\""`.
    function filed(text,   p, at, id) {
      for (p in networks) {
        at = index(text, "name: \\\"" p "\\\" id: \\\"")
        if (!at) continue
        if (!limited) return 1
        id = substr(text, at + length(p) + 17)
        sub(/\\".*/, "", id)
        if (id in sandboxes) return 1
      }
      return 0
    }
    FILENAME ~ /\/chains$/ { chains[$1] = 1; next }
    FILENAME ~ /\/comments$/ { comments[$0] = 1; next }
    FILENAME ~ /\/networks$/ { networks[$1] = 1; next }
    FILENAME ~ /\/sandboxes$/ { sandboxes[$1] = 1; next }
    /^\*/ { table = substr($0, 2); next }
    /^:/ { name = substr($1, 2); if (ours(name)) print "chain", table, name; next }
    /^-A / {
      if (ours($2)) next
      bare = $0
      gsub(/"([^"\\]|\\.)*"/, "\"\"", bare)
      target = ""
      if (match(bare, / -[jg] [^ ]+/)) target = substr(bare, RSTART + 4, RLENGTH - 4)
      if (ours(target) || commented($0)) print "rule", table, $0
      else if ($2 ~ /^CNI-|^POSTROUTING$|^PREROUTING$|^OUTPUT$/ && filed($0)) {
        print "rule", table, $0
        if (target ~ /^CNI-(DN|SN)-|^CNI-[0-9a-f]+$/ && !seen[table, target]++) print "chain", table, target
      }
    }
  ' "$@" -
}

# iptables_remove TOOL: takes away what iptables_select finds, table by table; tries again when somebody else's change
# came between. Leaves 1 when it cannot.
iptables_remove() {
  for remove_try in 1 2 3 4 5; do
    iptables_dump "$1" | iptables_select >"$WORK/found"
    [ -s "$WORK/found" ] || return 0
    # First the rules that jump, then what is in the chains (they may jump to one another), then the chains.
    awk '
      { table = $2; tables[table] = 1 }
      $1 == "rule" { text = $0; sub(/^rule [^ ]+ -A /, "-D ", text); rules[table] = rules[table] text "\n" }
      $1 == "chain" { flush[table] = flush[table] "-F " $3 "\n"; drop[table] = drop[table] "-X " $3 "\n" }
      END { for (table in tables) printf "*%s\n%s%s%sCOMMIT\n", table, rules[table], flush[table], drop[table] }
    ' "$WORK/found" >"$WORK/restore"
    if "$1-restore" --noflush -w 10 <"$WORK/restore" 2>"$WORK/iptables-error"; then return 0; fi
    [ "$remove_try" = 5 ] || sleep 0.2
  done
  say "$1-restore refused: $(head -n 3 "$WORK/iptables-error" | tr '\n' ' ')"
  return 1
}
