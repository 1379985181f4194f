/**
 * What runs inside the probe pods: two POSIX sh programs that need nothing but busybox. They are plain text here, so
 * that the plan of a proof and the words that it reads back stand side by side, and a test can run them by hand.
 */
import { LOOK_FUNCTIONS, SOURCE_PROGRAM } from "../../checks/probe-pods/shell";

/** Port of the probe server inside its pod; above 1024, because it runs without rights. */
export const SERVER_PORT = 8480;
/** Bytes of a large request, and of its answer: several full-sized packets of any link each way. */
export const LARGE_BYTES = 16_384;
/** How often a look is repeated inside the pod, a second apart: a new pod's rules arrive a moment after it has started. */
export const ATTEMPTS = 8;
/** Bound of one look inside the pod in seconds. */
const LOOK_SECONDS = 5;

/**
 * What a client looks at.
 * - `source`: the server tells which source address it saw. Expected: the client's own.
 * - `masked`: the same, but any address will do: who judges it knows the ranges.
 * - `large`: a request and an answer of {@link LARGE_BYTES} each.
 * - `dns`: the first address of a name. The name is completed by the pod's own search list.
 * - `tls`: something that speaks TLS answers; no certificate is needed to find out.
 * - `tcp`: the connection is accepted.
 */
export type TaskKind = "source" | "masked" | "large" | "dns" | "tls" | "tcp";

export interface ClientTask {
  readonly kind: TaskKind;
  /** Address; for `dns` the name up to the search domain, such as `kubernetes.default`. */
  readonly address: string;
  /** Of no meaning for `dns`. */
  readonly port: number;
  /** For `dns` the address that must come; of no meaning otherwise. */
  readonly expected?: string;
}

/** What a client printed about one task. */
export interface TaskResult {
  readonly attempts: number;
  /** An address, `16384+16384`, `tls`, `open`, or the words of what went wrong. */
  readonly got: string;
}

export interface ClientReport {
  /** By position in the task list; absent where the client did not come so far. */
  readonly results: ReadonlyMap<number, TaskResult>;
  /** Address of the client's own pod. */
  readonly self: string;
  /** MTU of the pod's interface. */
  readonly mtu: string;
  /** The client came to its end. */
  readonly complete: boolean;
}

/** What `large` prints when all came through, both ways. */
export const LARGE_OK = `${LARGE_BYTES}+${LARGE_BYTES}`;

/** The server: busybox httpd with two programs behind it. Environment: PROBE_FOLDER, PROBE_PORT. */
export const SERVER_SCRIPT = `set -eu
www="$PROBE_FOLDER/www"
mkdir -p "$www/cgi-bin"
cat >"$www/cgi-bin/source" <<'END'
${SOURCE_PROGRAM}END
cat >"$www/cgi-bin/echo" <<'END'
#!/bin/sh
received=$(wc -c)
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "$received"
head -c ${LARGE_BYTES} /dev/zero | tr '\\0' x
END
chmod 0755 "$www/cgi-bin/source" "$www/cgi-bin/echo"
exec busybox httpd -f -p "0.0.0.0:$PROBE_PORT" -h "$www"
`;

/** The client: all tasks at once, one line each. Environment: POD_IP, PROBE_TASKS with a line \`<index> <kind> <address> <port> <expected>\` each. */
export const CLIENT_SCRIPT = `set -u
seconds=${LOOK_SECONDS}
${LOOK_FUNCTIONS}
large() {
  answer=$(fetch --post-data "$body" "http://$1:$2/cgi-bin/echo")
  received=\${answer%%
*}
  sent=\${answer#*
}
  case "$received" in
  '' | *[!0-9]*) printf '%s\\n' "$answer" ;;
  *) echo "$received+\${#sent}" ;;
  esac
}

# A server of TLS tells whoever speaks plainly to it that this is wrong: an answer all the same.
tls() {
  answer=$(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox timeout "$seconds" busybox nc -w 3 "$1" "$2" 2>&1)
  case "$answer" in
  *'HTTPS server'*) echo tls ;;
  '') echo "no answer within $seconds s" ;;
  *) printf '%s\\n' "$answer" ;;
  esac
}

# What stays open for longer than a look is open; what is not accepted ends sooner, by nc's own bound.
tcp() {
  answer=$(busybox timeout "$seconds" busybox nc -w 3 "$1" "$2" 2>&1 </dev/null)
  case $? in
  0 | 124 | 143) echo open ;;
  *) printf '%s\\n' "\${answer:-not accepted within 3 s}" ;;
  esac
}

look() {
  case "$1" in
  source | masked) fetch "http://$2:$3/cgi-bin/source" | plain ;;
  large) large "$2" "$3" ;;
  dns) dns "$2" ;;
  tls) tls "$2" "$3" ;;
  tcp) tcp "$2" "$3" ;;
  esac
}

# is <kind> <got> <expected>
is() {
  case "$1" in
  source) [ "$2" = "$POD_IP" ] ;;
  masked) case "$2" in *[!0-9.]* | '') return 1 ;; esac ;;
  large) [ "$2" = ${LARGE_OK} ] ;;
  dns) [ "$2" = "$3" ] ;;
  tls) [ "$2" = tls ] ;;
  tcp) [ "$2" = open ] ;;
  esac
}

task() {
  n=1
  while :; do
    got=$(look "$2" "$3" "$4" | tr -s '\\r\\n\\t ' '    ' | cut -c 1-300)
    got=\${got% }
    if is "$2" "$got" "$5" || [ "$n" -ge ${ATTEMPTS} ]; then break; fi
    n=$((n + 1))
    sleep 1
  done
  echo "result $1 $n $got"
}

body=$(head -c ${LARGE_BYTES} /dev/zero | tr '\\0' x)
echo "self $POD_IP"
echo "mtu $(cat /sys/class/net/eth0/mtu 2>/dev/null || echo unknown)"
while read -r index kind address port expected; do
  task "$index" "$kind" "$address" "$port" "$expected" &
done <<END
$PROBE_TASKS
END
wait
echo end
`;

/** The task list as the client reads it. */
export const renderTasks = (tasks: readonly ClientTask[]): string =>
  tasks
    .map(({ kind, address, port, expected = "-" }, index) => `${index} ${kind} ${address} ${port} ${expected}`)
    .join("\n");

/** What a client's log says. */
export function parseReport(lines: readonly string[]): ClientReport {
  const results = new Map<number, TaskResult>();
  for (const line of lines) {
    const [, index, attempts, got = ""] = /^result (\d+) (\d+) ?(.*)$/.exec(line) ?? [];
    if (index !== undefined) results.set(Number(index), { attempts: Number(attempts), got });
  }
  const fact = (name: string): string =>
    lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "unknown";
  return { results, self: fact("self"), mtu: fact("mtu"), complete: lines.includes("end") };
}
