# What `clean` looks for and how each kind goes. Sourced by it, never run.
# shellcheck shell=sh

# Shared paths that were there before the CNI came.
BEFORE=$STATE_DIR/paths-before

# read_leftovers: the request's patterns, checked: a pattern that could reach beyond a CNI's own things is refused.
read_leftovers() {
  for read_key in chain comment network ipset; do
    values "$read_key" >"$WORK/${read_key}s"
  done
  if grep -Evq '^[A-Za-z][A-Za-z0-9_-]{3,}$' "$WORK/chains"; then
    misuse "chain: allowed are beginnings of at least four letters, digits, - and _; got $(tr '\n' ' ' <"$WORK/chains")"
  fi
  if grep -Evq '^.{4,}$' "$WORK/comments" || grep -q '["\\]' "$WORK/comments"; then
    misuse "comment: allowed are beginnings of at least four characters without \" and \\"
  fi
  if grep -Evq '^[A-Za-z0-9][A-Za-z0-9_.-]*$' "$WORK/networks"; then misuse "network: not the name of a CNI network"; fi
  if grep -Evq '^[A-Za-z][A-Za-z0-9_:-]{3,}$' "$WORK/ipsets"; then
    misuse "ipset: allowed are beginnings of at least four letters, digits, -, _ and :"
  fi
  if { values link && values route-dev && values keep-if-pods-on; } | grep -Evq '^[A-Za-z][A-Za-z0-9_.-]{2,}\*?$'; then
    misuse "link, route-dev, keep-if-pods-on: allowed are names of at least three characters, with a * at the end or without"
  fi
  if values route-protocol | grep -Evq '^[0-9]+$' || values route-protocol | grep -Eqx '0|1|2|3|4'; then
    misuse "route-protocol: allowed are numbers above 4; those up to 4 are the kernel's and the administrator's"
  fi
  { values path && values shared-path; } | while IFS= read -r read_path; do
    case $read_path in
    *[!A-Za-z0-9/_.*-]* | *//* | */../* | */./* | */.. | */. | */) misuse "path: $read_path is not a plain absolute path" ;;
    /etc/*/*/* | /opt/*/*/* | /var/lib/cni/*/* | /var/lib/rancher/k3s/agent/etc/cni/*/*) ;;
    /run/flannel | /var/lib/cni/flannel | /run/calico | /var/run/calico | /var/lib/calico | /var/log/calico) ;;
    *) misuse "path: $read_path is not below a folder of a CNI (/etc/X/Y, /opt/X/Y, /run/flannel, /run/calico, /var/lib/calico, /var/log/calico, /var/lib/cni, K3s' own CNI folder)" ;;
    esac
  done || exit 2
}

link_names() { ip -o link show 2>/dev/null | awk '{ name = $2; sub(/:$/, "", name); sub(/@.*/, "", name); print name }'; }

# matching KEY: of the names on stdin those that match a pattern of the key.
matching() {
  values "$1" >"$WORK/patterns"
  while IFS= read -r matching_name; do
    while IFS= read -r matching_pattern; do
      # shellcheck disable=SC2254 # it is a pattern
      case $matching_name in
      $matching_pattern)
        printf '%s\n' "$matching_name"
        break
        ;;
      esac
    done <"$WORK/patterns"
  done
}

ipset_names() {
  has ipset || return 0
  ipset list -n 2>/dev/null | while IFS= read -r ipset_name; do
    # kube-router calls its IPv6 sets inet6:NAME.
    while IFS= read -r ipset_prefix; do
      case ${ipset_name#inet6:} in
      "$ipset_prefix"*)
        printf '%s\n' "$ipset_name"
        break
        ;;
      esac
    done <"$WORK/ipsets"
  done
}

# routes: "FAMILY ROUTE" of the routes that go. The words behind a route that `ip route del` does not take are left out.
routes() {
  {
    for route_family in 4 6; do
      for route_protocol in $(values route-protocol); do
        ip "-$route_family" route show table all proto "$route_protocol" 2>/dev/null |
          sed -e "s/\$/ proto $route_protocol/" -e "s/^/$route_family /"
      done
      for route_link in $(link_names | matching route-dev); do
        ip "-$route_family" route show table all dev "$route_link" 2>/dev/null |
          sed -e "s/\$/ dev $route_link/" -e "s/^/$route_family /"
      done
    done
  } | awk '
    {
      i = 2
      out = $1
      if ($i ~ /^(blackhole|unreachable|prohibit|throw|local|broadcast|anycast|multicast)$/) out = out " " $(i++)
      out = out " " $(i++)
      for (; i < NF; i++)
        if ($i ~ /^(via|dev|proto|metric|table)$/ && !seen[NR, $i]++) { out = out " " $i " " $(i + 1); i++ }
      if (out !~ / (local|broadcast|anycast|multicast) / && !listed[out]++) print out
    }
  '
}

# forget_shared: after a clean-up that was about them; one for another CNI leaves the note.
forget_shared() {
  if [ -n "$(values shared-path)" ]; then drop_file "$BEFORE"; fi
}

# found KEY: what the globs of the key find.
found() {
  values "$1" | while IFS= read -r found_glob; do
    # shellcheck disable=SC2086 # it is a glob; read_leftovers has seen to its characters
    for found_path in $found_glob; do
      if [ -e "$found_path" ] || [ -L "$found_path" ]; then printf '%s\n' "$found_path"; fi
    done
  done
}

# paths: the files and folders that go.
paths() {
  found path
  if [ -f "$BEFORE" ]; then found shared-path | grep -vxF -f "$BEFORE" || true; fi
}

# remember_shared: what of the shared paths is here now stays for ever. A second call leaves the first note.
remember_shared() {
  if [ -f "$BEFORE" ]; then return 0; fi
  state_folder
  found shared-path >"$WORK/before"
  put_file "$WORK/before" 0644 "$BEFORE" || fail "cannot write $BEFORE; make room there, then run this again"
}

# list_leftovers: "KIND NAME" of everything that is there.
list_leftovers() {
  for list_tool in $(iptables_backends); do
    iptables_dump "$list_tool" >"$WORK/dump" || exit 1
    iptables_select <"$WORK/dump" | sed -e "s/^\\([a-z]*\\) /\\1 $list_tool /"
  done
  ipset_names | sed -e 's/^/ipset /'
  routes | cut -d ' ' -f 2- | sed -e 's/^/route /'
  link_names | matching link | sed -e 's/^/link /'
  paths | sed -e 's/^/path /'
}

# lives NAME: a process has the other end of this veth in its network. An end that has no name is taken for alive.
lives() {
  lives_link=$(ip -o link show dev "$1" 2>/dev/null) || return 1
  case $lives_link in
  *'link-netns '*)
    lives_netns=${lives_link#*link-netns }
    lives_netns=${lives_netns%% *}
    lives_netns=${lives_netns%\\}
    [ -n "$(ip netns pids "$lives_netns" 2>/dev/null)" ]
    ;;
  *link-netnsid*) return 0 ;;
  *) return 1 ;;
  esac
}

# links_with_pods: "PORT on LINK" of the links on which a pod lives.
links_with_pods() {
  {
    link_names | matching link
    link_names | matching keep-if-pods-on
  } | sort -u | while IFS= read -r pods_link; do
    if [ -d "/sys/class/net/$pods_link/brif" ]; then
      for pods_port in "/sys/class/net/$pods_link/brif"/*; do
        if [ -e "$pods_port" ] && lives "${pods_port##*/}"; then printf '%s on %s\n' "${pods_port##*/}" "$pods_link"; fi
      done
    elif lives "$pods_link"; then
      printf '%s\n' "$pods_link"
    fi
  done
}

remove_ipsets() {
  # A set of sets holds its members, so those that remain are tried once more.
  for _ in 1 2; do
    for ipset_name in $(ipset_names); do ipset destroy "$ipset_name" 2>/dev/null || true; done
  done
}

remove_routes() {
  routes | while read -r route_family route_words; do
    # shellcheck disable=SC2086 # words of a route
    ip "-$route_family" route del $route_words 2>/dev/null || true
  done
}

remove_links() {
  for link_name in $(link_names | matching link); do ip link del dev "$link_name" 2>/dev/null || true; done
}

remove_paths() {
  paths >"$WORK/paths"
  while IFS= read -r remove_path; do
    # Calico mounts a control group below /run/calico. Deepest first.
    awk -v path="$remove_path" '$5 == path || index($5, path "/") == 1 { print $5 }' /proc/self/mountinfo | sort -r |
      while IFS= read -r remove_mount; do umount "$remove_mount" || true; done
    if awk -v path="$remove_path" '$5 == path || index($5, path "/") == 1 { found = 1 } END { exit !found }' /proc/self/mountinfo; then
      say "$remove_path holds a mount that does not go; leaving it"
    else
      rm -rf -- "$remove_path" || true
    fi
  done <"$WORK/paths"
}
