/** Text of POSIX sh that the programs of all pods that probe share; it needs nothing but busybox. */

/** A program behind busybox httpd that tells which source address it saw; ends with a line break. */
export const SOURCE_PROGRAM = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "$REMOTE_ADDR"
`;

/** Functions that look once and tell the words of what went wrong. Variable: seconds, the bound of one look. */
export const LOOK_FUNCTIONS = `
# fetch <arguments of wget>: the body, or the words of what went wrong.
fetch() {
  answer=$(busybox timeout "$seconds" busybox wget -q -O - "$@" 2>&1 </dev/null)
  case $? in
  124 | 143) echo "no answer within $seconds s" ;;
  *) printf '%s\\n' "$answer" ;;
  esac
}

# The address without the form that an IPv6 socket gives it.
plain() { sed -e 's/^\\[*::ffff://' -e 's/\\].*$//' -e 1q; }

# dns <name up to the search domain>: its first address.
dns() {
  domain=$(tr -s ' \\t' '\\n\\n' </etc/resolv.conf | sed -n '/^svc\\./{p;q;}')
  answer=$(busybox timeout "$seconds" busybox nslookup "$1.$domain" 2>&1 </dev/null)
  address=$(printf '%s\\n' "$answer" | sed -n '/^Name:/,$ s/^Address[^:]*: *\\([0-9.]*\\).*/\\1/p' | sed 1q)
  case "$address" in
  '') echo "no address for $1.$domain: \${answer:-no answer within $seconds s}" ;;
  *) echo "$address" ;;
  esac
}
`;
