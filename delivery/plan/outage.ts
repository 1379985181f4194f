/** What will be felt while a change is applied, as a table. The sources are this project's own measurements and runbooks. Pure. */
import type { Change, Operation } from "./changes";
import type { CniChange } from "./cni";
import type { MachineChanges } from "./machines";

/** Worst last. */
export const SEVERITIES = ["none", "brief", "outage"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Outage {
  /** The worst of what is felt. */
  readonly severity: Severity;
  /** What is felt, one thing each; empty where nothing is. */
  readonly texts: readonly string[];
}

interface Facts {
  readonly changes: readonly Change[];
  readonly machines: MachineChanges;
  readonly cni?: CniChange;
}

interface Row {
  readonly severity: Severity;
  readonly text: string;
  readonly when: (facts: Facts) => boolean;
}

const has =
  (type: RegExp, ...operations: readonly Operation[]) =>
  ({ changes }: Facts): boolean =>
    changes.some((change) => type.test(change.type) && operations.includes(change.operation));

const restarts = (role: "server" | "agent") => (facts: Facts) =>
  facts.machines.restarted.some((machine) => machine.role === role);

/** Every row that fits is told. */
const ROWS: readonly Row[] = [
  {
    when: ({ cni }) => cni?.kind === "switch" && cni.window,
    severity: "outage",
    text: "all pods are recreated at once: the pod network is away until the new CNI runs on every node",
  },
  {
    // docs/benchmarks/cni-change.md: no failed request of what has two replicas, gaps below 0.5 s on an idle machine.
    when: ({ cni }) => cni?.kind === "switch" && !cni.window,
    severity: "brief",
    text: "none for workloads with two replicas; those with one pause while their pod is recreated",
  },
  {
    when: ({ cni }) => cni?.kind === "presence",
    severity: "outage",
    text: "every pod that is to get an address of the other CNI must be recreated",
  },
  {
    when: ({ cni }) => cni?.kind === "version" || cni?.kind === "settings",
    severity: "brief",
    text: "calico-node restarts node by node; connections go on, new pods wait; a change of encapsulation, pool or data plane may break connections",
  },
  {
    when: (facts) => restarts("server")(facts) && facts.machines.servers === 1,
    severity: "brief",
    text: "the API server is away while the only server restarts K3s; containers run on",
  },
  {
    when: (facts) => restarts("server")(facts) && facts.machines.servers > 1,
    severity: "none",
    text: "servers restart K3s one at a time: the API answers through the others, containers run on",
  },
  { when: restarts("agent"), severity: "none", text: "agents restart K3s; containers run on" },
  {
    when: has(/:Namespace$/, "delete", "replace"),
    severity: "outage",
    text: "a namespace is deleted with everything in it",
  },
  {
    when: has(/^kubernetes:helm\.sh\/v3:Release$/, "delete", "replace"),
    severity: "outage",
    text: "a Helm release is removed with its workloads",
  },
  {
    when: has(/^kubernetes:mlops\.seldon\.io\/v1alpha1:Server$/, "delete", "replace"),
    severity: "outage",
    text: "models of a Server have no place until another one is ready",
  },
  {
    when: has(/^kubernetes:mlops\.seldon\.io\/v1alpha1:Server$/, "update"),
    severity: "brief",
    text: "pods of a Server may be recreated one after the other; with one replica its models pause",
  },
  {
    when: has(/^kubernetes:helm\.sh\/v3:Release$/, "update"),
    severity: "brief",
    text: "workloads of a Helm release may be rolled",
  },
  {
    when: has(/NetworkPolicy$/, "update", "delete", "replace"),
    severity: "brief",
    text: "connections that the new policies do not allow end",
  },
  {
    when: has(/NetworkPolicy$/, "create"),
    severity: "brief",
    text: "pods that a new policy selects are closed to whom no policy allows",
  },
];

const worst = (severities: readonly Severity[]): Severity =>
  SEVERITIES[Math.max(0, ...severities.map((severity) => SEVERITIES.indexOf(severity)))] ?? "none";

export function outageOf(facts: Facts): Outage {
  const rows = ROWS.filter(({ when }) => when(facts));
  return { severity: worst(rows.map(({ severity }) => severity)), texts: rows.map(({ text }) => text) };
}
