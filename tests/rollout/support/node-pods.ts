/** The step node-pods on a node of a little cluster: its fixtures, its subject, and what it did. */
import type { NodePodsSubject } from "../../../rollout/node-pods/subject";
import { describeWithSshd } from "../../ssh/support/sshd";
import { MiniCluster, POOL, type Replica, UID } from "./mini-cluster";
import { SshHost, startAgent } from "./ssh-host";

export class NodePods {
  agent!: Awaited<ReturnType<typeof startAgent>>;
  /** The node's machine. */
  host!: SshHost;
  /** Fresh for every test: s1 on Calico, a1 still on Flannel. */
  cluster!: MiniCluster;

  subject = (more: Partial<NodePodsSubject> = {}) => ({
    stack: "test",
    kubeconfig: this.cluster.kubeconfig,
    uid: UID,
    timeoutSeconds: 30,
    node: "s1",
    role: "server",
    from: "flannel",
    to: "calico",
    pools: [POOL],
    probeImage: "busybox:1",
    apiServer: { address: "10.43.0.1", port: 443, nodePort: 6443 },
    target: this.host.target,
    peers: [{ node: "a1", cni: "flannel" }],
    ...more,
  });

  /** A pod with an address that Flannel gave before the node's K3s was restarted. */
  old = (node = "s1"): Replica => ({ node, address: this.cluster.address(node, "flannel") });

  /** How many pods of a workload were evicted. */
  evicted = (app: string): number =>
    this.cluster.api.requests.filter((line) => line.startsWith(`POST /api/v1/namespaces/web/pods/${app}-`)).length;

  /** Pods of a workload on a node that still have an address of Flannel. */
  oldPods = (node: string, app: string) =>
    this.cluster
      .pods(app)
      .filter(({ spec, status }) => spec?.["nodeName"] === node && /^10\.42\.[0-9]\./.test(String(status?.["podIP"])));

  /** Probe pods, their namespaces, and leases that are still there. */
  left = (): string[] => [...this.cluster.api.objects.keys()].filter((path) => /probe|leases/.test(path));
}

/** Tests on a fresh cluster each; skipped by name where no ssh-agent can be had. */
export function describeNodePods(name: string, tests: (it: NodePods) => void): void {
  describeWithSshd(name, () => {
    jest.setTimeout(60_000);
    const it = new NodePods();
    beforeAll(async () => {
      it.agent = await startAgent();
      it.host = await SshHost.start("s1", it.agent.keys);
    });
    afterAll(async () => {
      await it.host.stop();
      await it.agent.stop();
    });
    beforeEach(async () => {
      it.host.ran.length = 0;
      it.host.reply = () => ({});
      it.cluster = await MiniCluster.start();
      it.cluster.node("s1", "calico");
      it.cluster.node("a1", "flannel");
    });
    afterEach(() => it.cluster.stop());
    tests(it);
  });
}
