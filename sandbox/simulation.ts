/** Brings simulated nodes, pods and operators to a control plane. */
import { join } from "node:path";
import type { ToolPaths } from "./build-tools";
import type { ControlPlane } from "./control-plane";
import { kwok, type ClusterNetwork } from "./control-plane/launches";
import { SandboxError } from "./failure";
import { readDocumentFile } from "./simulation/documents";
import { k3sFurniture, nodes } from "./simulation/nodes";
import { podPortForward, type PodPort } from "./simulation/pod-ports";
import { loadStages } from "./simulation/simulator";

export interface SimulationOptions {
  readonly controlPlane: ControlPlane;
  readonly tools: ToolPaths;
  readonly network: ClusterNetwork & { readonly clusterDns: string };
  readonly nodes: number;
  /** Real processes behind ports of the server pods. */
  readonly podPorts?: { readonly ports: readonly PodPort[]; readonly pods: readonly string[] };
  readonly signal?: AbortSignal;
}

const FIELD_MANAGER = "sandbox";
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

/** Starts KWOK and the simulated operators, and waits until every node is Ready. */
export async function startSimulation(options: SimulationOptions): Promise<void> {
  const { controlPlane, tools, network, podPorts, signal } = options;
  const { client, supervisor, kubeconfig, ports, files } = controlPlane;
  const project = join(__dirname, "..");
  const apply = (object: Parameters<typeof client.apply>[0]) =>
    client.apply(object, { fieldManager: FIELD_MANAGER, signal });
  // KWOK's settings and flags come before the nodes: a node records its kubelet's port when it becomes Ready.
  for (const crd of readDocumentFile(join(__dirname, "simulation", "kwok-crds.yaml"))) await apply(crd);
  for (const stage of loadStages().core) await apply(stage);
  if (podPorts) await apply(podPortForward(podPorts.ports, podPorts.pods));
  const binaries = { kwok: tools.kwok?.path };
  await supervisor.start(kwok({ binaries, network, ports, files }));
  await supervisor.start({
    name: "simulated-operators",
    command: process.execPath,
    args: ["--require", join(project, "tools/typescript.cjs"), join(__dirname, "simulation/main.ts"), kubeconfig],
    cwd: project,
  });
  for (const object of [...nodes(options.nodes), ...k3sFurniture(network.clusterDns)]) await apply(object);
  await untilNodesReady(options);
}

async function untilNodesReady({ controlPlane, nodes: expected, signal }: SimulationOptions): Promise<void> {
  let ready = 0;
  for (let waited = 0; waited < READY_TIMEOUT_MS; waited += POLL_MS) {
    signal?.throwIfAborted();
    controlPlane.supervisor.death.throwIfAborted();
    const found = await controlPlane.client.list("/api/v1/nodes");
    ready = found.filter(isReady).length;
    if (ready >= expected) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new SandboxError(
    `only ${ready} of ${expected} simulated nodes became Ready within ${READY_TIMEOUT_MS / 1000} s`,
  );
}

function isReady(node: { readonly status?: Readonly<Record<string, unknown>> }): boolean {
  const conditions = node.status?.["conditions"] as { type: string; status: string }[] | undefined;
  return conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
