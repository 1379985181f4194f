/**
 * Whether packets get from every machine to every other on one port, found out by sending some: one exchange for all pairs.
 *
 * Where nobody listens on the port yet, a listener is started for the time of the exchange. Where the CNI's own device
 * holds it, a connection through that device to the other node's kubelet proves the same, and more.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { NodePort } from "../../components/k3s/cni";
import { quote } from "../context";
import { bounded } from "../engine/bounded";
import type { HostFacts } from "../hosts/facts";
import type { HostReader } from "../hosts/reader";

const SCRIPT = readFileSync(join(__dirname, "port-probe.sh"), "utf8");
/** The kubelet's port: something that listens on every node's every address. */
const KUBELET = 10250;
/** Bound of a listener that nobody calls off, in seconds. */
const LISTEN_SECONDS = 30;
const CONNECT_SECONDS = 3;
/** IPv4 and UDP headers, in bytes: what of a packet is not payload. */
const HEADERS = 28;
/** How long datagrams may be under way after the last was sent, in milliseconds. */
const GRACE_MS = 500;

/** One machine in an exchange. */
export interface Station {
  readonly name: string;
  readonly address: string;
  readonly facts: HostFacts;
}

/** What a pair came to. `unknown`: could not be found out, with the reason. */
export type PairResult =
  | { readonly kind: "through"; readonly how: string }
  | { readonly kind: "blocked"; readonly how: string }
  | { readonly kind: "too-big"; readonly how: string }
  | { readonly kind: "unknown"; readonly how: string };

/** Results by receiver, then by sender. */
export type PortResults = ReadonlyMap<string, ReadonlyMap<string, PairResult>>;

export interface PortRound {
  readonly port: NodePort;
  /** The CNI's tunnel device, which holds a UDP port once it exists. */
  readonly device: string | undefined;
  /** Size of the largest packet between machines, in bytes: the network's MTU. */
  readonly mtu: number;
}

/** Runs the exchange. @throws LookError when a machine cannot be reached any more. */
export async function exchange(
  reader: HostReader,
  stations: readonly Station[],
  round: PortRound,
  signal: AbortSignal,
): Promise<PortResults> {
  const { protocol, port } = round.port;
  const run = (name: string, words: readonly string[], more: object = {}): ReturnType<HostReader["asRoot"]> =>
    reader.asRoot(name, ["sh -c", quote(SCRIPT), "port-probe", ...words.map(quote)].join(" "), { signal, ...more });

  const listeners = await Promise.all(
    stations.map((station) => startListener(station, round, (words, more) => run(station.name, words, more))),
  );
  const sizes = protocol === "UDP" ? `64,${round.mtu - HEADERS}` : "";
  const sent = await Promise.all(
    stations.map(async (from, index): Promise<Sent> => {
      const others = listeners.filter((_, other) => other !== index);
      const listening = others.filter(({ state }) => state === "ready").map(({ station }) => station.address);
      const tunnels = others.flatMap((other) => tunnelBetween(from, other.station, round) ?? []);
      const tcp = protocol === "TCP" ? others.filter(({ state }) => state === "ready" || state === "served") : [];
      const outputs = [
        protocol === "UDP" && listening.length > 0
          ? await run(from.name, ["send", "udp", String(port), from.name, sizes, ...listening])
          : undefined,
        tcp.length > 0
          ? await run(from.name, [
              "reach",
              String(port),
              String(CONNECT_SECONDS),
              ...tcp.map(({ station }) => station.address),
            ])
          : undefined,
        tunnels.length > 0
          ? await run(from.name, ["reach", String(KUBELET), String(CONNECT_SECONDS), ...tunnels])
          : undefined,
      ];
      return { from, lines: outputs.flatMap((output) => output?.stdout.trim().split("\n") ?? []) };
    }),
  );
  await bounded(GRACE_MS, signal, () => new Promise<never>(() => undefined)).catch(() => undefined);
  await Promise.all(listeners.map(({ stop }) => stop()));
  return new Map(
    listeners.map((listener) => [
      listener.station.name,
      new Map(
        sent
          .filter(({ from }) => from !== listener.station)
          .map((sender) => [sender.from.name, judgePair(sender, listener, round)]),
      ),
    ]),
  );
}

interface Sent {
  readonly from: Station;
  readonly lines: readonly string[];
}

/** `ready`: ours listens. `served`: somebody listens who answers. `device`: the CNI's tunnel holds the port. */
interface Listener {
  readonly station: Station;
  readonly state: "ready" | "served" | "device" | "busy" | "no-tool" | "failed";
  readonly lines: readonly string[];
  readonly stop: () => Promise<void>;
}

type Run = (words: readonly string[], more: object) => ReturnType<HostReader["asRoot"]>;

async function startListener(
  station: Station,
  { port: { protocol, port }, device }: PortRound,
  run: Run,
): Promise<Listener> {
  const { facts } = station;
  const nothing = { station, lines: [], stop: () => Promise.resolve() };
  const kind = protocol === "UDP" ? "udp" : "tcp";
  if (protocol === "UDP" && device !== undefined && facts.links.includes(device))
    return { ...nothing, state: "device" };
  const taken = facts.listening.some((one) => one.protocol === kind && one.port === port);
  if (taken) return { ...nothing, state: protocol === "TCP" ? "served" : "busy" };

  const lines: string[] = [];
  const stdin = new PassThrough();
  let told: (state: Listener["state"]) => void = () => undefined;
  const state = new Promise<Listener["state"]>((resolve) => (told = resolve));
  const running = run(["listen", kind, station.address, String(port), String(LISTEN_SECONDS)], {
    stdin,
    onLine: (line: string, from: string) => {
      if (from !== "stdout") return;
      lines.push(line);
      if (line === "ready" || line === "busy" || line === "no-tool") told(line);
    },
  });
  // A listener that ends without a word has failed; whoever waits for it must not wait for ever.
  const ended = running.then(
    () => told("failed"),
    () => told("failed"),
  );
  const stop = async (): Promise<void> => {
    stdin.end();
    await ended;
  };
  return { station, state: await state, lines, stop };
}

/** Where a machine's tunnel device can be reached through another's, if both have one. */
function tunnelBetween(from: Station, to: Station, { device, port }: PortRound): string[] | undefined {
  const address = tunnelAddress(to, device);
  if (port.protocol !== "UDP" || address === undefined || tunnelAddress(from, device) === undefined) return undefined;
  return [address];
}

const tunnelAddress = ({ facts }: Station, device: string | undefined): string | undefined =>
  facts.interfaces.find(({ name }) => name === device)?.address.split("/")[0];

function judgePair({ from, lines }: Sent, listener: Listener, round: PortRound): PairResult {
  const { protocol, port } = round.port;
  const { station, state } = listener;
  const said = (address: string): string | undefined =>
    lines.find((line) => line.startsWith(`${address} `))?.slice(address.length + 1);
  const noTool = { kind: "unknown", how: `${from.name} has neither python3, perl nor socat to send with` } as const;
  switch (state) {
    case "no-tool":
      return { kind: "unknown", how: `${station.name} has neither python3, perl nor socat to listen with` };
    case "failed":
      return { kind: "unknown", how: `the listener on ${station.name} ended before it was ready` };
    case "busy":
      return { kind: "blocked", how: `${protocol} ${port} on ${station.name} is in use by something else` };
    case "device": {
      const [address] = tunnelBetween(from, station, round) ?? [];
      if (address === undefined) {
        return {
          kind: "unknown",
          how: `${round.device} holds the port on ${station.name}, and ${from.name} has no such device yet`,
        };
      }
      const answer = said(address);
      if (answer === undefined) return noTool;
      const how = `TCP ${address}:${KUBELET} through ${round.device}: ${answer}`;
      return { kind: answer === "silent" ? "blocked" : "through", how };
    }
    case "served":
    case "ready": {
      if (lines.includes("no-tool")) return noTool;
      if (protocol === "TCP") {
        const answer = said(station.address);
        const how = `connection to ${station.address}:${port}: ${answer ?? "not tried"}`;
        // Somebody listens there, so a refusal is a firewall's.
        return { kind: answer === "open" ? "through" : "blocked", how };
      }
      const got = listener.lines.flatMap((line) => {
        const [word, token, size] = line.split(" ");
        return word === "got" && token === from.name ? [Number(size)] : [];
      });
      const largest = round.mtu - HEADERS;
      if (got.includes(largest)) return { kind: "through", how: `datagrams of 64 and ${largest} bytes arrived` };
      if (got.length > 0) {
        return {
          kind: "too-big",
          how: `small datagrams arrived, those of ${largest} bytes (MTU ${round.mtu}) did not`,
        };
      }
      return { kind: "blocked", how: "no datagram arrived" };
    }
  }
}
