/**
 * What runs inside a probe pod: a POSIX sh program that needs nothing but busybox. It answers on the ports of the
 * component whose labels the pod wears, telling the source address that it saw, and connects to others when asked.
 *
 * It is asked by port-forward, on a port that only loopback reaches. That needs no right beyond the one that the
 * loopback criteria need anyway (no exec, no log), lets one set of pods serve every round of looks, and keeps the order
 * of looks, their repetitions and their judgement in this process, where tests reach them.
 */
import { LOOK_FUNCTIONS, SOURCE_PROGRAM } from "./shell";

/** Port of the way in for questions; bound to 127.0.0.1, so that nobody but a port-forward reaches it. */
export const CONTROL_PORT = 8480;
/** Port on which pods listen that stand for no component. */
export const PLAIN_PORT = 8481;

/**
 * - `source`: the probe pod behind the address tells which source address it saw.
 * - `tcp`: the connection is accepted.
 * - `dns`: the first address of a name, completed by the pod's own search list.
 */
export type LookKind = "source" | "tcp" | "dns";

/** One connection to try. */
export interface Look {
  readonly kind: LookKind;
  /** Address or host name; for `dns` the name up to the search domain, such as `kubernetes.default`. */
  readonly address: string;
  /** Of no meaning for `dns`. */
  readonly port: number;
}

/** Bound of one look inside the pod in seconds: the first packet, and its repetition a second later. */
export const LOOK_SECONDS = 2;

/** Functions of the program: one look of each kind, and the words of what went wrong. */
const FUNCTIONS = `${LOOK_FUNCTIONS}
# What stays open for longer than a look is open; what is not accepted ends sooner, by nc's own bound.
tcp() {
  answer=$(busybox timeout $((seconds + 1)) busybox nc -w "$seconds" "$1" "$2" 2>&1 </dev/null)
  case $? in
  0 | 124 | 143) echo open ;;
  *) printf '%s\\n' "\${answer:-no answer within $seconds s}" ;;
  esac
}

look() {
  case "$1" in
  source) fetch "http://$2:$3/cgi-bin/source" | plain ;;
  tcp) tcp "$2" "$3" ;;
  dns) dns "$2" ;;
  esac
}
`;

/**
 * The program. Environment: PROBE_FOLDER, PROBE_CONTROL (port for questions), PROBE_PORTS (ports to listen on, with
 * blanks between), PROBE_BIND (address to listen on). A question is a POST to `/cgi-bin/look` with one line
 * `<index> <kind> <address> <port>` a look; all are tried at once, each answer is a line `result <index> <words>`.
 */
export const PROBE_SCRIPT = `set -eu
www="$PROBE_FOLDER/www"
control="$PROBE_FOLDER/control"
mkdir -p "$www/cgi-bin" "$control/cgi-bin"
cat >"$www/cgi-bin/source" <<'END'
${SOURCE_PROGRAM}END
cat >"$control/cgi-bin/look" <<'END'
#!/bin/sh
seconds=${LOOK_SECONDS}
${FUNCTIONS}
printf 'Content-Type: text/plain\\r\\n\\r\\n'
while read -r index kind address port; do
  {
    got=$(look "$kind" "$address" "$port" | tr -s '\\r\\n\\t ' '    ' | cut -c 1-300)
    echo "result $index \${got% }"
  } &
done
wait
echo end
END
chmod 0755 "$www/cgi-bin/source" "$control/cgi-bin/look"
trap 'exit 0' TERM INT
busybox httpd -f -p "127.0.0.1:$PROBE_CONTROL" -h "$control" &
for port in $PROBE_PORTS; do
  busybox httpd -f -p "$PROBE_BIND:$port" -h "$www" &
done
wait
`;

/** The question of some looks, as the program reads it. */
export const renderLooks = (looks: readonly Look[]): string =>
  looks.map(({ kind, address, port }, index) => `${index} ${kind} ${address} ${port}\n`).join("");

/** What came of a connection. */
export type Seen =
  /** Accepted; `source`, where the other side tells it, is the address that it saw. For `dns` the address of the name. */
  | { readonly kind: "open"; readonly source?: string }
  /** Answered at once with a refusal: by the machine, because nothing listens, or by a rule that rejects. */
  | { readonly kind: "refused" }
  /** Nothing came back: a rule that drops, or no way there. */
  | { readonly kind: "silent" }
  /** Anything else, in the words of the tool. */
  | { readonly kind: "other"; readonly words: string };

/** What the words of one look mean. Pure. */
export function seenOf(words: string): Seen {
  const text = words.trim();
  if (/^\d+(\.\d+){3}$/.test(text)) return { kind: "open", source: text };
  if (text === "open") return { kind: "open" };
  if (/connection refused/i.test(text)) return { kind: "refused" };
  if (/^no answer within|timed out|no route to host|host is unreachable/i.test(text)) return { kind: "silent" };
  return { kind: "other", words: text === "" ? "no words" : text };
}

/** The answers by position in the question; undefined when the program did not come to its end. Pure. */
export function parseAnswer(body: string, count: number): Seen[] | undefined {
  const lines = body.split("\n").map((line) => line.trimEnd());
  if (!lines.includes("end")) return undefined;
  const words = new Map<number, string>();
  for (const line of lines) {
    const [, index, got = ""] = /^result (\d+) ?(.*)$/.exec(line) ?? [];
    if (index !== undefined) words.set(Number(index), got);
  }
  return Array.from({ length: count }, (_, index) => seenOf(words.get(index) ?? ""));
}
