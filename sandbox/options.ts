/** What `npm run sandbox` can be told. */
import { ENGINES, type EngineName } from "./engine/choose";
import { SandboxError } from "./failure";
import { DEFAULT_PORTS, type PortRange } from "./ports";
import { parsePodPorts, type PodPort } from "./simulation/pod-ports";

export const COMMAND = {
  name: "sandbox",
  summary:
    "Starts a real Kubernetes control plane with simulated nodes on this machine, deploys the whole stack into it, runs\n" +
    "the validation, says what was real and what was not, and removes everything again.",
  positionals: [],
  flags: {
    stack: { type: "string", value: "NAME", summary: "the stack to deploy (default: sandbox)" },
    nodes: { type: "string", value: "N", summary: "number of simulated nodes, 1 to 500 (default: 3)" },
    engine: {
      type: "string",
      value: "ENGINE",
      summary: "cli or in-process (default: cli where the Pulumi CLI and its plugins are on PATH)",
    },
    charts: {
      type: "string",
      value: "DIR",
      summary:
        "real charts, one folder <chart>-<version> each, or the word stand-ins (default: what `npm run charts` has pulled)",
    },
    "pod-ports": {
      type: "string",
      value: "LIST",
      summary: "real processes behind the server pods' ports, such as 9000=127.0.0.1:19000,9500=127.0.0.1:19500",
    },
    ports: { type: "string", value: "A-B", summary: "range of loopback ports to use (default: 20000-31999)" },
    keep: { type: "boolean", summary: "leave it running and print how to use and to stop it" },
    stop: { type: "boolean", summary: "stop what --keep left running, and what killed runs left behind" },
    json: { type: "boolean", summary: "write the report as JSON to standard output" },
  },
  notes:
    "The tools (etcd, Kubernetes, KWOK) are built once from pinned Go modules into $XDG_CACHE_HOME/seldon-k3s/tools, or\n" +
    "~/.cache/seldon-k3s/tools; KUBEBUILDER_ASSETS is used for what it holds. Exit codes: 0 deployed and validated,\n" +
    "1 the deployment or the validation failed, 2 the sandbox could not be brought up, 130 interrupted.",
} as const;

export interface SandboxOptions {
  readonly stack: string;
  readonly nodes: number;
  readonly engine?: EngineName;
  /** Undefined: those that are there; null: stand-ins. */
  readonly charts?: string | null;
  readonly podPorts?: readonly PodPort[];
  readonly ports: PortRange;
  readonly keep: boolean;
  readonly json: boolean;
}

type Flags = Readonly<Partial<Record<keyof typeof COMMAND.flags, string | boolean>>>;

/** @throws SandboxError naming the option that is wrong. */
export function readOptions(flags: Flags): SandboxOptions {
  const text = (name: keyof Flags) => flags[name] as string | undefined;
  const podPorts = text("pod-ports");
  const charts = text("charts");
  return {
    stack: text("stack") ?? "sandbox",
    nodes: readNodes(text("nodes") ?? "3"),
    engine: readEngine(text("engine")),
    charts: charts === "stand-ins" ? null : charts,
    podPorts: podPorts === undefined ? undefined : parsePodPorts(podPorts),
    ports: readPorts(text("ports")),
    keep: flags.keep === true,
    json: flags.json === true,
  };
}

function readNodes(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 500) return count;
  throw new SandboxError(`--nodes: got "${text}"; allowed is a whole number from 1 to 500`);
}

function readEngine(text: string | undefined): EngineName | undefined {
  const engine = ENGINES.find((name) => name === text);
  if (engine || text === undefined) return engine;
  throw new SandboxError(`--engine: got "${text}"; allowed: ${ENGINES.join(", ")}`);
}

function readPorts(text: string | undefined): PortRange {
  if (text === undefined) return DEFAULT_PORTS;
  const [, first, last] = (/^(\d+)-(\d+)$/.exec(text) ?? []).map(Number);
  if (first !== undefined && last !== undefined && first >= 1 && first <= last && last <= 65_535)
    return { first, last };
  throw new SandboxError(`--ports: got "${text}"; allowed is a range such as 20000-31999`);
}
