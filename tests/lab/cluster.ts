/** Brings up K3s' stand-in on the hosts of a lab, as a team would have done by hand before this stack existed. */
import { randomBytes } from "node:crypto";
import { dump } from "js-yaml";
import { SandboxError } from "../../sandbox/failure";
import { PINNED_FOLDER } from "./host-files";
import type { LabHost } from "./host";
import { waitFor } from "./processes";

/** How K3s is installed. */
export interface InstallOptions {
  /** Flags of the servers' unit files, such as `--flannel-backend=vxlan`. @default none */
  readonly unitFlags?: readonly string[];
  /** More keys for the servers' config.yaml. @default none */
  readonly serverConfig?: Readonly<Record<string, unknown>>;
  /** More keys for the agents' config.yaml. @default none */
  readonly agentConfig?: Readonly<Record<string, unknown>>;
  /** Whether Flannel connects the pods. Without it the nodes stay NotReady. @default true */
  readonly flannel?: boolean;
}

interface Cluster {
  readonly hosts: readonly LabHost[];
  readonly datastore: "sqlite" | "etcd";
  readonly token: string;
  readonly options: InstallOptions;
  readonly say: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Seconds that one host may take; two processors start five nodes slowly. */
const START_SECONDS = 240;

export const newToken = (): string => randomBytes(16).toString("hex");

/** Servers one after the other, as etcd wants it, then all agents at once; then waits for the nodes. */
export async function installCluster(cluster: Cluster): Promise<void> {
  const servers = cluster.hosts.filter(({ role }) => role === "server");
  const agents = cluster.hosts.filter(({ role }) => role === "agent");
  for (const server of servers) await installHost(server, cluster);
  await Promise.all(agents.map((agent) => installHost(agent, cluster)));
  const ready = cluster.options.flannel ?? true;
  cluster.say(ready ? "waiting until all nodes are Ready" : "waiting until all nodes are registered");
  await waitForNodes(cluster.hosts, ready, cluster.signal);
}

async function installHost(host: LabHost, cluster: Cluster): Promise<void> {
  const { options, signal, say } = cluster;
  say(`installing K3s' stand-in on ${host.name}`);
  const config = host.role === "server" ? serverConfig(host, cluster) : agentConfig(cluster);
  const script = `set -eu
mkdir -p /etc/rancher/k3s
umask 077
cat >/etc/rancher/k3s/config.yaml
umask 022
cp ${PINNED_FOLDER}/k3s /usr/local/bin/k3s
INSTALL_K3S_SKIP_DOWNLOAD=true sh ${PINNED_FOLDER}/install.sh "$@"`;
  const flags = host.role === "server" ? (options.unitFlags ?? []) : [];
  const { code, stderr } = await host.exec(
    ["timeout", String(START_SECONDS), "sh", "-c", script, "sh", host.role, ...flags],
    {
      input: dump(config),
      signal,
    },
  );
  if (code === 0) return;
  const unit = host.role === "server" ? "k3s" : "k3s-agent";
  const log = await host.exec(["journalctl", "-u", unit, "-n", "15"]);
  throw new SandboxError(
    `K3s' stand-in did not start on ${host.name} within ${START_SECONDS} s (exit code ${code}): ${stderr.trim()}\n` +
      `The end of its log (more in ${host.logs}):\n${log.stdout}`,
  );
}

function serverConfig(host: LabHost, { hosts, datastore, token, options }: Cluster): Record<string, unknown> {
  const first = hosts[0];
  const join = host === first ? (datastore === "etcd" ? { "cluster-init": true } : {}) : { server: urlOf(first) };
  const flannel = (options.flannel ?? true) ? {} : { "flannel-backend": "none" };
  return { token, ...join, ...flannel, ...options.serverConfig };
}

const agentConfig = ({ hosts, token, options }: Cluster) => ({
  token,
  server: urlOf(hosts[0]),
  ...options.agentConfig,
});

const urlOf = (server: LabHost | undefined) => `https://${server?.address}:6443`;

/** Waits until every host is a node, and Ready where that is wanted. @throws SandboxError with the nodes as they are. */
export async function waitForNodes(hosts: readonly LabHost[], ready: boolean, signal?: AbortSignal): Promise<void> {
  const [first] = hosts;
  if (!first) return;
  const list = () => first.exec(["k3s", "kubectl", "get", "nodes", "-o", TEMPLATE], { timeout: 20_000 });
  await waitFor(
    `${ready ? "readiness" : "registration"} of ${hosts.map(({ name }) => name).join(", ")}`,
    START_SECONDS,
    async () => {
      const nodes = new Map((await list()).stdout.split("\n").map((line) => line.split(" ") as [string, string]));
      return hosts.every(({ name }) => (ready ? nodes.get(name) === "True" : nodes.has(name))) || undefined;
    },
    { signal, every: 500, explain: async () => (await list()).stdout },
  );
}

const TEMPLATE =
  'go-template={{range .items}}{{.metadata.name}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}{{"\\n"}}{{end}}';
