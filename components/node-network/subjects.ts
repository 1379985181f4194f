/** What the runner's steps of a change of CNI work on. Pure; no secret. */
import type { Subject } from "../../checks/subject";
import { formatAddress, rangeOf } from "../../config/cidr";
import { calicoRanges, type DeclaredHost, declaredHosts, podMtu, sshTarget, sshTargets } from "../../config/derive";
import type { Cni, StackConfig } from "../../config/schema";
import { CNI } from "../k3s/cni";
import { API_PORT } from "../k3s/settings";
import { stepBase } from "../rollout";
import type { NodeNetworkInput } from "./drop-ins";

/** What subjects are made from. */
export interface RunnerInput extends NodeNetworkInput {
  readonly hosts: NonNullable<StackConfig["hosts"]>;
  readonly calico: StackConfig["calico"];
  readonly k3s: StackConfig["k3s"];
  readonly subject: Subject;
}

/** Bound of a step, in seconds. A node with many pods under tight disruption budgets takes its time. */
const STEP_TIMEOUT = 3600;

const base = ({ subject }: Pick<RunnerInput, "subject">) => stepBase(subject, STEP_TIMEOUT);

/** The CNI that runs, or is being left, beside the provider. */
const ends = ({ provider, leaving }: StackConfig["cni"]): { from: Cni; to: Cni } => ({
  from: leaving ?? provider,
  to: provider,
});

/** `backup`: from the first server to the machine or the bucket that keeps the copy. */
export function backupSubject(input: RunnerInput): Record<string, unknown> {
  const { hosts, k3s, cni } = input;
  const [first, second] = hosts.servers;
  const { s3 } = hosts.backup;
  const to = s3
    ? undefined
    : declaredHosts({ hosts }).find(({ host }) => host.name === (hosts.backup.to ?? second?.name));
  const { from, to: provider } = ends(cni);
  return {
    ...base(input),
    source: first && sshTarget(first, hosts),
    to: to && sshTarget(to.host, hosts),
    s3: s3 && { ...s3, forcePathStyle: s3.forcePathStyle ?? s3.endpoint !== undefined },
    name: `before-${from}-to-${provider}`,
    datastore: k3s.datastore,
  };
}

/** `spread` and `unspread`: two replicas of what the whole cluster leans on. */
export const spreadSubject = (input: RunnerInput): Record<string, unknown> => base(input);

/**
 * `node-pods`: one node, and a peer of either CNI to prove it against: the last machine that has been converted before it,
 * and the last one of all that is converted after it or not at all.
 *
 * @param batch machines that change at the same time; none of them is a peer.
 */
export function podsSubject(
  declared: DeclaredHost,
  input: RunnerInput,
  batch: readonly string[],
): Record<string, unknown> {
  const { hosts, network } = input;
  const { host, role } = declared;
  const { from, to } = ends(input.cni);
  const others = declaredHosts({ hosts }).filter(
    (other) => other.host.name === host.name || !batch.includes(other.host.name),
  );
  const index = others.findIndex((other) => other.host.name === host.name);
  const window = input.cni.mode === "window";
  const earlier = window ? undefined : others[index - 1];
  const later = others.length - 1 > index && !window ? others.at(-1) : undefined;
  const peer = (other: DeclaredHost | undefined, cni: Cni) =>
    other === undefined ? [] : [{ node: other.host.name, address: other.host.address, cni }];
  return {
    ...base(input),
    node: host.name,
    role,
    from,
    to,
    pools: calicoRanges(input),
    probeImage: hosts.probeImage,
    apiServer: { address: serviceAddress(network.serviceCidr), port: 443, nodePort: API_PORT },
    podMtu: podMtu(input),
    target: sshTarget(host, hosts),
    // Where K3s brings the CNI, all nodes have been switched before the first pod moves.
    peers: [...peer(earlier, to), ...peer(later, CNI[to].runsBeforeSwitch ? from : to)],
  };
}

/** The first address of the Service range: the API server's Service, `kubernetes.default`. */
const serviceAddress = (serviceCidr: string): string => formatAddress(rangeOf(serviceCidr).first + 1);

/** `leave-calico`: what Calico leaves in the API when it has been deleted. */
export const departureSubject = (
  input: Pick<RunnerInput, "subject" | "hosts" | "calico" | "network">,
): Record<string, unknown> => ({
  ...base(input),
  nodes: declaredHosts({ hosts: input.hosts }).map(({ host }) => host.name),
  targets: sshTargets({ hosts: input.hosts }),
});
