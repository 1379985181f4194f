/** One hop: a connection to one SSH server, its key compared, and a login by the agent's keys. */
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "ssh2";
import type { LoginAgent } from "./agent";
import { networkProblem, SshError, type SshErrorKind } from "./errors";
import { algorithmsFor, fingerprint, HOST_KEY_TYPES, type HostKey, parseHostKey } from "./host-key";
import { showEndpoint, type SshEndpoint } from "./target";

/** Bound of one attempt, from the first packet to the login, in milliseconds. */
export const DIAL_MS = 10_000;
/** Attempts; only what another moment can cure is tried again. */
const ATTEMPTS = 2;
/** Between two attempts, in milliseconds: a machine that is just coming up gets a moment. */
const PAUSE_MS = 1_000;
const RETRIED: readonly SshErrorKind[] = ["unreachable", "refused"];

/** A dead connection is noticed after three of these, in milliseconds. */
const KEEPALIVE_MS = 10_000;

export interface Hop {
  /** The machine of the configuration that this hop is for; messages name it. */
  readonly host: string;
  /** `bastion` where this hop is only on the way. */
  readonly role: "machine" | "bastion";
  readonly endpoint: SshEndpoint;
  readonly agent: LoginAgent;
  /** Opens the way to the server where it does not lead over this machine's own network. @throws SshError */
  readonly through?: (signal: AbortSignal) => Promise<Duplex>;
  /** Bound of one attempt in milliseconds. @default DIAL_MS */
  readonly dialMs?: number;
}

/**
 * Connects, tries a second time where that can help.
 * @throws SshError, or the signal's reason when it aborts.
 */
export async function dial(hop: Hop, signal: AbortSignal): Promise<Client> {
  const pinned = parseHostKey(hop.endpoint.hostKey);
  if (pinned === undefined) throw unusablePin(hop);
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await attemptDial(hop, pinned, signal);
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof SshError) || !RETRIED.includes(error.kind)) throw error;
    }
    await pause(PAUSE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function attemptDial(hop: Hop, pinned: HostKey, signal: AbortSignal): Promise<Client> {
  const { endpoint, agent, through } = hop;
  const dialMs = hop.dialMs ?? DIAL_MS;
  const sock = await through?.(signal);
  const client = new Client();
  // Small messages must not wait for the other side's delayed acknowledgement, 40 ms each.
  client.once("connect", () => client.setNoDelay(true));
  let offered: Buffer | undefined;
  const ready = new Promise<Client>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    client.once("ready", () => resolve(client));
    client.on("error", (error) => reject(faultOf(hop, error, pinned, offered)));
    // A server that hangs up without a word sends neither an error nor anything else.
    client.once("close", () =>
      reject(faultOf(hop, new Error("it closed the connection before the login"), pinned, offered)),
    );
    const release = (): void => signal.removeEventListener("abort", stop);
    client.once("ready", release).once("close", release);
  });
  client.connect({
    ...(sock === undefined ? { host: endpoint.address, port: endpoint.port } : { sock }),
    username: endpoint.user,
    agent: agent.socket,
    authHandler: ["agent"],
    readyTimeout: dialMs,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: 3,
    algorithms: { serverHostKey: algorithmsFor(pinned) },
    hostVerifier: (key: Buffer) => {
      offered = key;
      return key.equals(pinned.bytes);
    },
  });
  try {
    return await ready;
  } catch (error) {
    client.destroy();
    sock?.destroy();
    throw error;
  }
}

/** How a hop reads in a message: the machine itself, or its bastion. */
const where = ({ role, endpoint }: Hop): string =>
  role === "bastion" ? `bastion ${showEndpoint(endpoint)}` : showEndpoint(endpoint);

const pinKey = (role: Hop["role"]): string => (role === "bastion" ? "hosts.ssh.bastion.hostKey" : "its hostKey");

function unusablePin(hop: Hop): SshError {
  const allowed = `a line "<type> <base64>" of type ${HOST_KEY_TYPES.join(", ")}`;
  const message = `${where(hop)}: the pinned host key is no key; allowed: ${allowed}`;
  return new SshError(hop.host, "wrong-host-key", message, { fix: `set ${pinKey(hop.role)}: ${keyscan(hop)}` });
}

const keyscan = ({ endpoint }: Hop): string =>
  `ssh-keyscan -p ${endpoint.port} ${endpoint.address} (compare with /etc/ssh/ssh_host_*_key.pub on the machine itself)`;

function wrongHostKey(hop: Hop, pinned: HostKey, offered: Buffer): SshError {
  const message = `${where(hop)}: wrong host key: got ${fingerprint(offered)}, pinned is ${fingerprint(pinned.bytes)}; nothing was sent`;
  const fix =
    `find out why before you change anything: another machine answers at that address, or it was installed anew. ` +
    `Only if it is the right one, set ${pinKey(hop.role)} to what is in /etc/ssh/ssh_host_*_key.pub there`;
  return new SshError(hop.host, "wrong-host-key", message, { fix });
}

type Ssh2Error = Error & { level?: string; code?: string | number };

/** The meaning of what the library reports; its texts and levels are those of ssh2 1.17. */
function faultOf(hop: Hop, error: Ssh2Error, pinned: HostKey, offered: Buffer | undefined): SshError {
  if (offered !== undefined && !offered.equals(pinned.bytes)) return wrongHostKey(hop, pinned, offered);
  const { host, endpoint, agent } = hop;
  const at = where(hop);
  const of = (kind: SshErrorKind, message: string, fix: string): SshError =>
    new SshError(host, kind, `${at}: ${message}`, { fix, cause: error });
  const network = `see that the machine is up and that this machine reaches ${endpoint.address} on TCP ${endpoint.port}`;
  if (error.code === "ECONNREFUSED") {
    return of(
      "refused",
      "connection refused: no SSH server listens there",
      `start sshd there, or correct address and port`,
    );
  }
  if (error.level === "client-timeout") {
    return of("unreachable", `no answer within ${(hop.dialMs ?? DIAL_MS) / 1000} s`, network);
  }
  if (error.level === "client-socket" || error.level === "client-dns") {
    return of("unreachable", networkProblem(error as NodeJS.ErrnoException), network);
  }
  if (error.level === "client-authentication" || /authentication failures/i.test(error.message)) {
    const keys = agent.keys === 1 ? "the agent's key" : `any of the agent's ${agent.keys} keys`;
    const fix = `add the public key to ~${endpoint.user}/.ssh/authorized_keys there (ssh-add -L prints it), or set the user that it belongs to`;
    return of(
      "login-refused",
      `login as "${endpoint.user}" refused: it does not accept ${keys} (${error.message})`,
      fix,
    );
  }
  if (error.level === "agent") {
    const fix = "unlock the agent or add the key again: ssh-add";
    return of("no-agent", `the agent at ${agent.socket} failed: ${error.message}`, fix);
  }
  if (offered === undefined && error.level !== "handshake" && error.level !== "protocol") {
    return of("unreachable", error.message, network);
  }
  return of(
    "not-ssh",
    `no SSH connection could be made: ${error.message}`,
    "see what listens on that port and its log",
  );
}
