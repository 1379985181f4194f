/** A healthy cluster of a server and an agent on Flannel, behind a fake API server and a reader with facts of the test's own. */
import { CheckContext } from "../../../checks/context";
import type { Check } from "../../../checks/check";
import { runChecks } from "../../../checks/engine";
import type { HostFacts } from "../../../checks/hosts/facts";
import type { Inspection } from "../../../checks/hosts/inspect";
import { LookError } from "../../../checks/verdict";
import { type Subject, subjectOf } from "../../../checks/subject";
import { stackSchema } from "../../../config/schema";
import { FakeApi } from "./fake-api";
import { agentFacts, serverFacts, stackSections } from "./machines";

const CRD = "/apis/crd.projectcalico.org/v1";
const UID = "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001";

export interface PodShape {
  readonly namespace?: string;
  readonly node?: string;
  readonly address?: string;
  /** Kind and name of its controller; null for none. */
  readonly owner?: readonly [kind: string, name: string] | null;
  readonly labels?: Record<string, string>;
  readonly hostPorts?: readonly number[];
  readonly hostNetwork?: boolean;
  readonly ready?: boolean;
  readonly probed?: boolean;
}

export function podOf(name: string, shape: PodShape = {}) {
  const {
    namespace = "default",
    node = "s1",
    address = "10.42.0.7",
    owner = ["ReplicaSet", "web-5d4f"],
    labels = {},
  } = shape;
  const ownerReferences =
    owner === null ? [] : [{ kind: owner[0], name: owner[1], uid: owner[1], apiVersion: "apps/v1", controller: true }];
  return {
    metadata: { name, namespace, labels, ownerReferences },
    spec: {
      nodeName: node,
      hostNetwork: shape.hostNetwork ?? false,
      containers: [
        {
          name: "main",
          ports: (shape.hostPorts ?? []).map((hostPort) => ({ containerPort: 80, hostPort })),
          ...(shape.probed === true ? { readinessProbe: {} } : {}),
        },
      ],
    },
    status: {
      phase: "Running",
      podIP: address,
      conditions: [{ type: "Ready", status: (shape.ready ?? true) ? "True" : "False" }],
    },
  };
}

export function nodeOf(
  name: string,
  podCIDR: string | undefined,
  conditions: readonly object[] = [{ type: "Ready", status: "True" }],
) {
  return { metadata: { name }, spec: { podCIDR }, status: { conditions } };
}

export class SwitchCluster {
  readonly facts = new Map<string, HostFacts>([
    ["s1", serverFacts()],
    ["a1", agentFacts()],
  ]);
  private constructor(readonly api: FakeApi) {}

  static async start(): Promise<SwitchCluster> {
    const cluster = new SwitchCluster(await FakeApi.start());
    const { api } = cluster;
    api.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: UID } });
    api.object("/version", { gitVersion: "v1.33.1+k3s1" });
    cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("a1", "10.42.1.0/24"));
    cluster.pods(podOf("web-1"), podOf("web-2", { node: "a1", address: "10.42.1.8" }));
    for (const path of [
      "/apis/policy/v1/poddisruptionbudgets",
      "/apis/networking.k8s.io/v1/networkpolicies",
      "/apis/apps/v1/deployments",
      "/apis/apps/v1/statefulsets",
      "/apis/discovery.k8s.io/v1/endpointslices",
    ]) {
      api.list(path, []);
    }
    api.replies.set("/apis/apiregistration.k8s.io/v1/apiservices/v3.projectcalico.org", "missing object");
    return cluster;
  }

  nodes(...nodes: readonly object[]): void {
    this.api.list("/api/v1/nodes", nodes);
  }

  pods(...pods: readonly object[]): void {
    this.api.list("/api/v1/pods", pods);
  }

  list(
    kind: "poddisruptionbudgets" | "networkpolicies" | "deployments" | "statefulsets" | "endpointslices",
    ...items: readonly object[]
  ): void {
    const groups = {
      poddisruptionbudgets: "policy/v1",
      networkpolicies: "networking.k8s.io/v1",
      deployments: "apps/v1",
      statefulsets: "apps/v1",
      endpointslices: "discovery.k8s.io/v1",
    };
    this.api.list(`/apis/${groups[kind]}/${kind}`, items);
  }

  calico(plural: string, ...items: readonly object[]): void {
    this.api.list(`${CRD}/${plural}`, items);
  }

  subject(sections: Record<string, object> = {}): Subject {
    return {
      ...subjectOf("test", stackSchema.parse(stackSections(sections))),
      kubeconfig: this.api.kubeconfig,
      timeoutSeconds: 2,
    };
  }

  /** A context whose machines are those of `facts`; a machine that is missing there cannot be read. */
  context(sections: Record<string, object> = {}): CheckContext {
    const context = new CheckContext(this.subject(sections));
    const look = (name: string): Promise<Inspection> => {
      const facts = this.facts.get(name);
      if (facts === undefined)
        return Promise.reject(new LookError(`${name}: no answer within 10 s`, { fix: "see that it is up" }));
      return Promise.resolve({ facts, clockOffset: 0, clockError: 0.1 });
    };
    const hosts = {
      targets: ["s1", "a1"].map((name) => ({ name })),
      look,
      lookAtAll: async () => {
        const all = new Map<string, Inspection>();
        for (const name of this.facts.keys()) all.set(name, await look(name));
        return all;
      },
      repeat: (name: string) => `ssh ${name} inspect`,
      asRoot: () => Promise.reject(new LookError("nobody is asked", { fix: "none" })),
      close: () => undefined,
    };
    Object.defineProperty(context, "hosts", { value: hosts });
    return context;
  }

  /** Verdicts of some checks; what they need besides is left out. Findings by target. */
  async findings(checks: readonly Check[], ...ids: readonly string[]) {
    const chosen = checks.filter(({ id }) => ids.includes(id)).map(({ needs: _, ...check }) => check);
    const run = await runChecks(chosen);
    const findings = run.results.flatMap((result) => result.findings);
    return { run, findings: Object.fromEntries(findings.map((finding) => [finding.target, finding])) };
  }
}
