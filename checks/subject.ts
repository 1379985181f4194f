/**
 * What the gates and the validation are about: the part of a stack's configuration that decides their verdict.
 *
 * A subject is plain data without secrets. The program writes it to a gate's standard input, so that the digest of a
 * subject is the digest of what the gate proves (decision 10 in docs/decisions.md); the command line makes the same subject from the
 * stack file.
 */
import { conditionsOf } from "../components/network-policies/context";
import { CONDITIONS } from "../components/network-policies/flow";
import { calicoRanges, flannelRange, probeImage } from "../config/derive";
import { clientsOf } from "../config/ingress";
import { kafkaOf } from "../config/kafka";
import { actsEverywhere } from "../config/policies";
import { operatorNamespace, runtimeNamespaces, runtimesOf } from "../config/runtimes";
import { podSecurityExemptions } from "../config/pod-security";
import type { StackConfig } from "../config/schema";
import { calico as calicoConfig } from "../config/schema-calico";
import { cluster, cni, k3s, network } from "../config/schema-cluster";
import { hosts } from "../config/schema-hosts";
import { z } from "zod";

/** The readiness gates, in the order in which a deployment passes them. */
export const GATE_IDS = [
  "hosts",
  "cluster-identity",
  "calico-upgrade",
  "calico-ready",
  "preflight",
  "objects-ready",
  "seldon-runtime-ready",
  "servers-ready",
] as const;
export type GateId = (typeof GATE_IDS)[number];

const name = z.string().min(1);
const workload = z.strictObject({ kind: z.enum(["Deployment", "StatefulSet"]), name });
const server = z.strictObject({
  namespace: name,
  name,
  config: z.enum(["mlserver", "triton"]),
  replicas: z.int().min(0).describe("Number of pods; the fewest where the scheduler scales them."),
  maxReplicas: z.int().min(1).optional().describe("Most pods, where the scheduler scales them."),
});

const model = z.strictObject({ namespace: name, name });

/** The part of the configuration that decides which rows of the flow table hold, and where they lead. */
const policy = z.strictObject({
  conditions: z.array(z.enum(Object.keys(CONDITIONS) as [keyof typeof CONDITIONS])),
  clients: z.array(z.strictObject({ namespace: name, podLabels: z.record(z.string(), z.string()) })),
  monitoringNamespace: name.optional(),
  storagePorts: z.array(z.int()).describe("Ports of the object storage."),
  kafka: name.optional().describe("Bootstrap server as host:port."),
  collector: name.optional().describe("OpenTelemetry collector as host:port."),
});

/** The part of the configuration that decides what the machines must be like. */
const machines = z.strictObject({
  ...{ cluster, k3s, network, cni, calico: calicoConfig, hosts },
  exemptNamespaces: z
    .array(name)
    .readonly()
    .optional()
    .describe("Namespaces that Pod Security does not look at; absent without k3s.hardening: cis."),
});
export type Machines = z.infer<typeof machines>;

/** The strict shape of a subject, for what comes in on standard input. */
export const subjectSchema = z.strictObject({
  stack: name,
  kubeconfig: name.describe("Path of the kubeconfig, as configured: relative to the project folder or absolute."),
  uid: name
    .optional()
    .describe(
      "UID of the namespace kube-system, the cluster's identity; absent while the stack still makes the cluster.",
    ),
  timeoutSeconds: z.number().positive(),
  calico: z
    .strictObject({ version: name, pools: z.array(name).min(1), apiServer: z.boolean() })
    .optional()
    .describe(
      "Version that must run, address ranges that IPPools must hold, and whether Calico's API server is declared.",
    ),
  operatorNamespace: name,
  namespaces: z.array(name).min(1).describe("Runtime namespaces, the first runtime's first."),
  workloads: z.array(workload).describe("What every runtime namespace must run, by profile."),
  servers: z.array(server),
  storageClass: name.optional().describe("What the cluster's default StorageClass must be; absent: not looked at."),
  smokeModel: model,
  tenantModels: z.array(model).optional().describe("Models that prove tenants; absent where no tenant has one."),
  dataPlaneTls: z.literal(true).optional().describe("Envoy speaks TLS to its callers."),
  policy: policy.optional().describe("What the policies must let through; absent where the stack has none."),
  awaited: z
    .array(
      z.strictObject({
        resource: name
          .regex(/^[a-z]+\.v\w+\.[a-z0-9.-]+$/)
          .describe("`<plural>.<version>.<group>`, as kubectl takes it."),
        namespace: name,
        name,
      }),
    )
    .optional()
    .describe("Objects of other operators that must be Ready; absent where there are none."),
  probes: z
    .strictObject({ image: name })
    .optional()
    .describe("Image of the pods that probe policies and pod addresses; absent where none may be started."),
  machines: machines.optional().describe("The declared machines; absent where the cluster is somebody else's."),
});
export type Subject = z.infer<typeof subjectSchema>;
export type Workload = z.infer<typeof workload>;

/** Components with a volume are StatefulSets, all others Deployments (Seldon Core 2.10.2, `runtime_reconciler.go`). */
const MODELS: readonly Workload[] = [
  { kind: "StatefulSet", name: "seldon-scheduler" },
  { kind: "Deployment", name: "seldon-envoy" },
];

/** The Kafka components run in the pipelines profile only; the models profile keeps them at 0 replicas. */
const WORKLOADS: Record<StackConfig["seldon"]["profile"], readonly Workload[]> = {
  models: MODELS,
  pipelines: [
    ...MODELS,
    { kind: "Deployment", name: "seldon-dataflow-engine" },
    { kind: "Deployment", name: "seldon-modelgateway" },
    { kind: "Deployment", name: "seldon-pipelinegateway" },
  ],
};

/** The pools that the Installation declares: ours, and Flannel's range for as long as Flannel is being left. */
function calicoSubject(config: StackConfig): Subject["calico"] {
  if (config.cni.provider !== "calico" && config.cni.leaving !== "calico") return undefined;
  const leaving = config.cni.leaving === "flannel" ? [flannelRange(config)] : [];
  return { version: config.calico.version, pools: [...calicoRanges(config), ...leaving], apiServer: true };
}

/** The machines' part, without what only the installation of K3s needs to know. */
function machinesSubject(config: StackConfig): Machines | undefined {
  const { cluster, k3s, network, cni, calico, hosts } = config;
  if (hosts === undefined) return undefined;
  const exemptNamespaces = podSecurityExemptions(config);
  const common = {
    cluster,
    network,
    cni,
    calico,
    hosts,
    ...(exemptNamespaces === undefined ? {} : { exemptNamespaces }),
  };
  const { install, ...rest } = k3s;
  if (install === undefined) return { ...common, k3s };
  const { registries: _, ...pinned } = install;
  return { ...common, k3s: { ...rest, install: pinned } };
}

function policySubject(config: StackConfig): Subject["policy"] {
  const { policies, seldon } = config;
  const kafka = kafkaOf(config);
  // Where some do not act yet, a probe could not tell a policy that is staged from one that fails.
  if (!policies.enabled || !actsEverywhere(config)) return undefined;
  const { monitoringNamespace } = policies;
  return {
    conditions: [...conditionsOf(config)],
    clients: [...clientsOf(config)],
    storagePorts: policies.storage.ports,
    ...(monitoringNamespace === undefined ? {} : { monitoringNamespace }),
    ...(kafka === undefined ? {} : { kafka: kafka.bootstrap }),
    ...(seldon.tracing === undefined ? {} : { collector: seldon.tracing.endpoint }),
  };
}

/** The operator's namespace and those of the runtimes, each once. */
export const namespacesOf = ({ operatorNamespace, namespaces }: Pick<Subject, "operatorNamespace" | "namespaces">) => [
  ...new Set([operatorNamespace, ...namespaces]),
];

/** The subject of a stack. Pure; the same configuration gives the same subject. */
export function subjectOf(stack: string, config: StackConfig): Subject {
  const { seldon } = config;
  const calico = calicoSubject(config);
  const machines = machinesSubject(config);
  const policy = policySubject(config);
  const tenantModels = runtimesOf(config)
    .slice(1)
    .flatMap(({ namespace, smokeModel }) => (smokeModel === undefined ? [] : [{ namespace, name: smokeModel.name }]));
  return {
    stack,
    kubeconfig: config.cluster.kubeconfigFile,
    ...(config.cluster.uid === undefined ? {} : { uid: config.cluster.uid }),
    timeoutSeconds: config.validation.timeoutSeconds,
    ...(calico === undefined ? {} : { calico }),
    operatorNamespace: operatorNamespace(config),
    namespaces: runtimeNamespaces(config),
    workloads: [...WORKLOADS[seldon.profile]],
    storageClass: seldon.storageClass,
    servers: runtimesOf(config).flatMap(({ namespace, servers }) =>
      servers.map(({ name, config, replicas, autoscaling }) => ({
        namespace,
        name,
        config,
        ...(autoscaling === undefined
          ? { replicas }
          : { replicas: autoscaling.minReplicas, maxReplicas: autoscaling.maxReplicas }),
      })),
    ),
    smokeModel: { namespace: seldon.namespace, name: seldon.smokeModel.name },
    ...(tenantModels.length === 0 ? {} : { tenantModels }),
    ...(seldon.tls.dataPlane ? { dataPlaneTls: true as const } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(config.validation.probePods ? { probes: { image: probeImage(config) } } : {}),
    ...(machines === undefined ? {} : { machines }),
  };
}

/** Every Model that proves a runtime, the first runtime's first. */
export const provingModels = ({ smokeModel, tenantModels = [] }: Subject): Subject["smokeModel"][] => [
  smokeModel,
  ...tenantModels,
];

/** What the success criteria look at: machines are others' business, so their change does not prove Seldon again. */
export function validationSubject({ machines: _, ...subject }: Subject): Subject {
  return subject;
}

/** What each gate looks at, beside the cluster itself. */
const GATE_PARTS = {
  hosts: ["machines"],
  preflight: ["machines", "namespaces", "servers", "operatorNamespace"],
  "cluster-identity": [],
  "calico-upgrade": [],
  "calico-ready": ["calico"],
  "objects-ready": ["awaited"],
  "seldon-runtime-ready": ["operatorNamespace", "namespaces", "workloads", "storageClass"],
  "servers-ready": ["operatorNamespace", "namespaces", "servers"],
} as const satisfies Record<GateId, readonly (keyof Subject)[]>;

/** How to reach the cluster and how long to wait: every gate needs these. */
const GATE_BASE = ["stack", "kubeconfig", "uid", "timeoutSeconds"] as const satisfies readonly (keyof Subject)[];

/** Stands for the parts that a gate was not given, because it does not look at them. */
const NOTHING = {
  operatorNamespace: "",
  namespaces: [],
  workloads: [],
  servers: [],
  smokeModel: { namespace: "", name: "" },
} satisfies Partial<Subject>;

const gateKeys = (id: GateId): readonly (keyof Subject)[] => [...GATE_BASE, ...GATE_PARTS[id]];

/** The part of a subject that one gate looks at, so that a change of any other part does not run the gate again. */
export function gateSubject(id: GateId, subject: Subject): Partial<Subject> {
  return Object.fromEntries(gateKeys(id).flatMap((key) => (key in subject ? [[key, subject[key]]] : [])));
}

/** The shape of {@link gateSubject}: that part is required, the rest may be left out and then reads as empty. */
export function gateSubjectSchema(id: GateId): z.ZodType<Subject> {
  const required = Object.fromEntries(gateKeys(id).map((key) => [key, true as const]));
  const shape = subjectSchema.partial().required({
    ...required,
    uid: undefined,
    calico: undefined,
    awaited: undefined,
    machines: undefined,
    storageClass: undefined,
  });
  return shape.transform((given): Subject => ({ ...NOTHING, ...given }) as Subject);
}
