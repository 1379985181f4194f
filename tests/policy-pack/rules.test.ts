/** Every guardrail: what passes, what fails, and what it says where a value is not known yet. */
import { judge } from "../../policy-pack/judge";
import { type JudgedResource, UNKNOWN } from "../../policy-pack/resource";
import type { JudgedStack } from "../../policy-pack/rule";
import { GUARDRAILS } from "../../policy-pack/rules";
import { CALICO_POLICY, namespace, policy, release, resource, server } from "./support";
import type { Tree } from "../../config/tree";

type Given = JudgedResource | readonly JudgedResource[] | JudgedStack;
/** Where the rule objects, and how it counts. */
type Found = readonly [verdict: string, at: string];

interface Case {
  readonly of: string;
  readonly given: Given;
  readonly finds: readonly Found[];
}

const passes = (of: string, given: Given): Case => ({ of, given, finds: [] });
const fails = (of: string, given: Given, ...at: string[]): Case => ({
  of,
  given,
  finds: at.map((one) => ["mandatory", one]),
});
const shows = (of: string, given: Given, at: string): Case => ({ of, given, finds: [["advisory", at]] });
const unknown = (of: string, given: Given, ...at: string[]): Case => ({
  of,
  given,
  finds: at.map((one) => ["unknown", one]),
});

const RUNTIME = "./charts/seldon-core-v2-runtime-2.10.2";
const CLUSTER_IP = { scheduler: { serviceType: "ClusterIP" }, envoy: { serviceType: "ClusterIP" } };
const pod = (more: Tree) => server({ containers: [{ name: "mlserver", ...more }] });
const deployment = (spec: unknown) => resource("kubernetes:apps/v1:Deployment", { spec: { template: { spec } } });
const REQUESTS = { requests: { cpu: "1", memory: "1Gi" } };
const CLOSED = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
const network = (cni: unknown) =>
  resource("seldon-k3s:index:NodeNetwork", { cni, hosts: { servers: [{}], agents: [{}] } });
const installation = resource("kubernetes:operator.tigera.io/v1:Installation", { spec: {} });
const sections = (policies: Tree) => resource("seldon-k3s:index:NetworkPolicies", { policies });
const service = (spec: unknown) => resource("kubernetes:core/v1:Service", { spec });
const WHOLE = `sha256:${"0".repeat(64)}`;

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "no-host-network": [
    passes("a pod on the pod network", server({ hostNetwork: false, containers: [] })),
    passes(
      "a Secret that says hostNetwork",
      resource("kubernetes:core/v1:Secret", { stringData: { hostNetwork: "x" } }),
    ),
    fails("a Server", server({ hostNetwork: true }), "spec.podSpec.hostNetwork"),
    fails("a Deployment", deployment({ hostNetwork: true }), "spec.template.spec.hostNetwork"),
    fails(
      "Helm values",
      release({ values: { scheduler: { podSpec: { hostNetwork: true } } } }),
      "values.scheduler.podSpec.hostNetwork",
    ),
    unknown("the switch", server({ hostNetwork: UNKNOWN }), "spec.podSpec.hostNetwork"),
    unknown("a whole pod", server(UNKNOWN), "spec.podSpec"),
    unknown("all values", release({ values: UNKNOWN }), "values"),
  ],
  "no-old-workarounds": [
    passes("another variable", pod({ env: [{ name: "SELDON_LOG_LEVEL", value: "info" }] })),
    fails(
      "the variable",
      pod({ env: [{ name: "SELDON_SERVER_HOST", value: "x" }] }),
      "spec.podSpec.containers[0].env[0]",
    ),
    fails(
      "the variable as a Helm value",
      release({ values: { env: { SELDON_SERVER_HOST: "x" } } }),
      "values.env.SELDON_SERVER_HOST",
    ),
    fails("the DNS policy", server({ dnsPolicy: "ClusterFirstWithHostNet" }), "spec.podSpec.dnsPolicy"),
    unknown("a list of variables", pod({ env: UNKNOWN }), "spec.podSpec.containers[0].env"),
  ],
  "no-allow-all-policy": [
    passes("default deny", policy(CLOSED)),
    passes(
      "one port to everywhere",
      policy({ egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 443 }] }] }),
    ),
    passes("every port to some", policy({ ingress: [{ from: [{ podSelector: {} }] }] })),
    passes(
      "everywhere but some",
      policy({ egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }] }] }),
    ),
    fails("an empty rule", policy({ ingress: [{}], egress: [{}] }), "spec.ingress[0]", "spec.egress[0]"),
    fails("every address", policy({ egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] }), "spec.egress[0]"),
    fails("every namespace", policy({ ingress: [{ from: [{ namespaceSelector: {} }] }] }), "spec.ingress[0]"),
    fails("every port by number", policy({ ingress: [{ ports: [{ port: 1, endPort: 65535 }] }] }), "spec.ingress[0]"),
    fails("Calico's Allow", policy({ ingress: [{ action: "Allow" }] }, CALICO_POLICY), "spec.ingress[0]"),
    fails(
      "Calico's Allow by protocol and every address",
      policy({ egress: [{ action: "Allow", protocol: "TCP", destination: { nets: ["0.0.0.0/0"] } }] }, CALICO_POLICY),
      "spec.egress[0]",
    ),
    passes("Calico's Deny", policy({ ingress: [{ action: "Deny" }] }, CALICO_POLICY)),
    passes(
      "Calico's Allow for some",
      policy({ ingress: [{ action: "Allow", source: { nets: ["192.0.2.0/24"] } }] }, CALICO_POLICY),
    ),
    shows(
      "hosts that are not enforced",
      policy({ tier: "nodes", ingress: [{ action: "Allow" }] }, CALICO_POLICY),
      "spec.ingress[0]",
    ),
    shows(
      "a staged one",
      policy({ ingress: [{}] }, "crd.projectcalico.org/v1:StagedKubernetesNetworkPolicy"),
      "spec.ingress[0]",
    ),
    unknown("the rules", policy({ ingress: UNKNOWN }), "spec.ingress"),
    unknown("the spec", policy(UNKNOWN), "spec.ingress", "spec.egress"),
    unknown("a peer", policy({ ingress: [{ from: [UNKNOWN] }] }), "spec.ingress[0]"),
    unknown(
      "a peer of Calico's",
      policy({ ingress: [{ action: "Allow", source: UNKNOWN }] }, CALICO_POLICY),
      "spec.ingress[0]",
    ),
  ],
  "default-deny": [
    passes("a closed namespace", [namespace("models"), policy(CLOSED)]),
    passes("an operator's", namespace("kafka", { component: "KafkaCluster" })),
    fails("an open namespace", [namespace("models")], "metadata.name"),
    fails("one half open", [namespace("models"), policy({ ...CLOSED, policyTypes: ["Ingress"] })], "metadata.name"),
    fails("another namespace's policy", [namespace("other"), policy(CLOSED)], "metadata.name"),
    fails("a namespace that others made", server({}), "namespace"),
    fails(
      "policies switched off",
      [namespace("models"), sections({ enabled: false, enforce: false })],
      "metadata.name",
    ),
    shows("a namespace taken over", [namespace("models"), sections({ takenOver: ["models"] })], "metadata.name"),
    shows(
      "a staged one, as the stack asks",
      [
        namespace("models"),
        policy(CLOSED, "crd.projectcalico.org/v1:StagedKubernetesNetworkPolicy"),
        sections({ enforce: false }),
      ],
      "metadata.name",
    ),
    fails(
      "a staged one that nobody asked for",
      [namespace("models"), policy(CLOSED, "crd.projectcalico.org/v1:StagedKubernetesNetworkPolicy")],
      "metadata.name",
    ),
    unknown("the namespace's name", namespace(UNKNOWN), "metadata.name"),
    unknown(
      "what the policy selects",
      [namespace("models"), policy({ ...CLOSED, podSelector: UNKNOWN })],
      "metadata.name",
    ),
  ],
  "no-public-control-plane": [
    passes("ClusterIP", service({ type: "ClusterIP" })),
    passes("the runtime as we install it", release({ chart: RUNTIME, values: CLUSTER_IP })),
    fails("a LoadBalancer", service({ type: "LoadBalancer" }), "spec.type"),
    fails("addresses of its own", service({ externalIPs: ["203.0.113.9"] }), "spec.externalIPs"),
    fails(
      "the chart's default",
      release({ chart: RUNTIME, values: {} }),
      "values.scheduler.serviceType",
      "values.envoy.serviceType",
    ),
    fails(
      "Helm values",
      release({ chart: RUNTIME, values: { ...CLUSTER_IP, config: { serviceConfig: { serviceType: "NodePort" } } } }),
      "values.config.serviceConfig.serviceType",
    ),
    fails(
      "a route to the scheduler",
      resource("kubernetes:traefik.io/v1alpha1:IngressRoute", {
        spec: { routes: [{ services: [{ name: "seldon-scheduler" }] }] },
      }),
      "spec.routes[0].services[0].name",
    ),
    passes(
      "a route to Envoy",
      resource("kubernetes:traefik.io/v1alpha1:IngressRoute", {
        spec: { routes: [{ services: [{ name: "seldon-mesh" }] }] },
      }),
    ),
    fails(
      "Kafka for everybody",
      resource("kubernetes:kafka.strimzi.io/v1beta2:Kafka", { spec: { kafka: { listeners: [{ type: "nodeport" }] } } }),
      "spec.kafka.listeners[0]",
    ),
    unknown("a Service's type", service({ type: UNKNOWN }), "spec.type"),
    unknown(
      "a value",
      release({ chart: RUNTIME, values: { ...CLUSTER_IP, envoy: { serviceType: UNKNOWN } } }),
      "values.envoy.serviceType",
    ),
    unknown("the chart", release({ chart: UNKNOWN }), "chart"),
  ],
  "charts-pinned": [
    passes("a pulled folder", release({ chart: RUNTIME })),
    passes("a pulled folder, as the provider completes it", release({ chart: RUNTIME, version: "" })),
    passes("an exact version", release({ chart: "oci://registry.example.com/charts/x", version: "1.2.3" })),
    fails("no version", release({ chart: "tigera-operator" }), "chart"),
    fails("a range", release({ chart: "tigera-operator", version: "^3.31.0" }), "chart"),
    fails("pre-releases", release({ chart: RUNTIME, devel: true }), "devel"),
    unknown("the chart", release({ chart: UNKNOWN }), "chart"),
    unknown("the version", release({ chart: "x", version: UNKNOWN }), "chart"),
  ],
  "images-pinned": [
    passes("a tag", pod({ image: "registry.example.com:5000/seldon/mlserver:1.6.0" })),
    passes("a digest", pod({ image: `registry.example.com/mlserver@${WHOLE}` })),
    passes(
      "a tag beside the name",
      release({ values: { tigeraOperator: { image: "a/operator", version: "v1.40.15" } } }),
    ),
    fails("no tag", pod({ image: "registry.example.com:5000/mlserver" }), "spec.podSpec.containers[0].image"),
    fails("latest", pod({ image: "mlserver:latest" }), "spec.podSpec.containers[0].image"),
    fails("latest in values", release({ values: { envoy: { image: { tag: "latest" } } } }), "values.envoy.image.tag"),
    fails("half a digest", pod({ image: "mlserver@sha256:00" }), "spec.podSpec.containers[0].image"),
    fails(
      "the probes' image",
      resource("seldon-k3s:index:Validation", { validation: { probeImage: "busybox" } }),
      "validation.probeImage",
    ),
    fails(
      "half a digest in an ImageSet",
      resource("kubernetes:operator.tigera.io/v1:ImageSet", {
        spec: { images: [{ image: "calico/cni", digest: "sha256:00" }] },
      }),
      "spec.images[0].digest",
    ),
    unknown("an image", pod({ image: UNKNOWN }), "spec.podSpec.containers[0].image"),
    unknown(
      "a digest",
      resource("kubernetes:operator.tigera.io/v1:ImageSet", { spec: { images: UNKNOWN } }),
      "spec.images",
    ),
  ],
  "no-privileged-containers": [
    passes(
      "a container that gives up everything",
      pod({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }),
    ),
    passes(
      "Calico's namespace",
      resource("kubernetes:core/v1:Namespace", {
        metadata: { name: "tigera-operator", labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
      }),
    ),
    fails(
      "privileged",
      pod({ securityContext: { privileged: true } }),
      "spec.podSpec.containers[mlserver].securityContext.privileged",
    ),
    fails(
      "a capability",
      pod({ securityContext: { capabilities: { add: ["NET_ADMIN"] } } }),
      "spec.podSpec.containers[mlserver].securityContext.capabilities.add",
    ),
    fails("the node's processes", server({ hostPID: true, containers: [] }), "spec.podSpec.hostPID"),
    fails(
      "a folder of the node",
      server({ containers: [], volumes: [{ hostPath: { path: "/" } }] }),
      "spec.podSpec.volumes[0].hostPath",
    ),
    fails(
      "a namespace that admits them",
      resource("kubernetes:core/v1:Namespace", {
        metadata: { name: "models", labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
      }),
      "metadata.labels.pod-security.kubernetes.io/enforce",
    ),
    unknown("a security context", pod({ securityContext: UNKNOWN }), "spec.podSpec.containers[0].securityContext"),
    shows(
      "a namespace that the stack file opens",
      resource("kubernetes:core/v1:Namespace", {
        metadata: { name: "models", labels: { "pod-security.kubernetes.io/audit": "privileged" } },
      }),
      "metadata.labels.pod-security.kubernetes.io/enforce",
    ),
    unknown(
      "a namespace's labels",
      resource("kubernetes:core/v1:Namespace", { metadata: { name: "models", labels: UNKNOWN } }),
      "metadata.labels.pod-security.kubernetes.io/enforce",
    ),
  ],
  "resource-requests": [
    passes("both", pod({ resources: REQUESTS })),
    passes(
      "what ServerConfig brings",
      server({ containers: [{ name: "mlserver", resources: REQUESTS }, { name: "agent" }] }),
    ),
    fails(
      "no memory",
      pod({ resources: { requests: { cpu: "1" } } }),
      "spec.podSpec.containers[mlserver].resources.requests.memory",
    ),
    fails("a Server without containers", server({}), "spec"),
    fails(
      "a Deployment",
      deployment({ containers: [{ name: "a" }] }),
      "spec.template.spec.containers[a].resources.requests.cpu",
      "spec.template.spec.containers[a].resources.requests.memory",
    ),
    fails(
      "a Kafka node",
      resource("kubernetes:kafka.strimzi.io/v1beta2:KafkaNodePool", {
        spec: { resources: { requests: { cpu: "1" } } },
      }),
      "spec.resources.requests.memory",
    ),
    unknown(
      "resources",
      pod({ resources: UNKNOWN }),
      "spec.podSpec.containers[mlserver].resources.requests.cpu",
      "spec.podSpec.containers[mlserver].resources.requests.memory",
    ),
    unknown("the pod", server(UNKNOWN), "spec.podSpec"),
    unknown("the containers", server({ containers: UNKNOWN }), "spec.podSpec.containers"),
  ],
  "protected-resources": [
    passes("a protected namespace", namespace("models")),
    passes(
      "a stack that is thrown away",
      namespace("models", { protect: false, urn: "urn:pulumi:dev::seldon-k3s::kubernetes:core/v1:Namespace::it" }),
    ),
    passes("Calico's namespace while Calico is left", [
      namespace("tigera-operator", { protect: false }),
      network({ provider: "flannel", leaving: "calico" }),
    ]),
    fails("a namespace", namespace("models", { protect: false }), "options.protect"),
    fails("a release of CRDs", release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }), "options.protect"),
    fails("what was protected before", { resources: [], before: [namespace("models")] }, ""),
    unknown("a chart", release({ chart: UNKNOWN }), "chart"),
  ],
  "cni-change-acknowledged": [
    passes("a settled stack", [network({ provider: "calico" }), installation]),
    passes("the end of the way", {
      resources: [network({ provider: "calico" }), installation],
      before: [network({ provider: "calico", leaving: "flannel" })],
    }),
    shows("a change that is named", [network({ provider: "calico", leaving: "flannel" }), installation], "cni.leaving"),
    fails("Calico that nobody names", [network({ provider: "flannel" }), installation], ""),
    fails("Calico that nothing installs", [network({ provider: "calico" })], "cni"),
    fails(
      "steps without a change",
      [
        network({ provider: "calico" }),
        installation,
        resource("command:remote:Command", {}, { name: "node-network-guard-a" }),
      ],
      "",
    ),
    fails(
      "another provider than before",
      { resources: [network({ provider: "flannel" })], before: [network({ provider: "calico" })] },
      "cni.provider",
    ),
    unknown("the section", network(UNKNOWN), "cni"),
    unknown("what is left", network({ provider: "calico", leaving: UNKNOWN }), "cni"),
  ],
  "crds-kept": [
    passes("a retained release", release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }, { retainOnDelete: true })),
    passes(
      "a protected one whose option the engine does not show",
      release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }, { retainOnDelete: undefined, protect: true }),
    ),
    passes(
      "cert-manager's own way",
      release({ chart: "./charts/cert-manager-1.21.2", values: { crds: { enabled: true, keep: true } } }),
    ),
    fails(
      "a release that takes them along",
      release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }),
      "options.retainOnDelete",
    ),
    fails(
      "a definition",
      resource("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"),
      "options.retainOnDelete",
    ),
    fails(
      "cert-manager without keep",
      release({ chart: "./charts/cert-manager-1.21.2", values: { crds: { enabled: true, keep: false } } }),
      "values.crds.keep",
    ),
    unknown(
      "the option, in the engine",
      release({ chart: "./charts/seldon-core-v2-crds-2.10.2" }, { retainOnDelete: undefined }),
      "options.retainOnDelete",
    ),
    unknown("the chart", release({ chart: UNKNOWN }), "chart"),
    unknown(
      "the value",
      release({ chart: "./charts/cert-manager-1.21.2", values: { crds: UNKNOWN } }),
      "values.crds.keep",
    ),
  ],
};

const stackOf = (given: Given): JudgedStack =>
  "resources" in given
    ? given
    : { resources: Array.isArray(given) ? (given as JudgedResource[]) : [given as JudgedResource] };

describe.each(GUARDRAILS.map((rule) => ({ id: rule.id, rule })))("$id", ({ id, rule }) => {
  const cases = CASES[id] ?? [];

  test("has a case that passes, one that fails and one that cannot be judged yet", () => {
    const verdicts = cases.map(({ finds }) => finds[0]?.[0] ?? "passes");
    expect(verdicts).toEqual(expect.arrayContaining(["passes", "mandatory", "unknown"]));
  });

  test.each(cases)("$of", ({ given, finds }) => {
    const found = judge(stackOf(given), [rule]);
    expect(found.map(({ verdict, at }) => [verdict, at])).toEqual(finds);
    for (const { verdict, problem } of found) {
      expect(problem.startsWith("cannot be judged before deployment: ")).toBe(verdict === "unknown");
    }
  });

  test("takes nothing for granted: no input, and inputs that are not known", () => {
    for (const type of [
      "kubernetes:core/v1:Namespace",
      "kubernetes:helm.sh/v3:Release",
      "kubernetes:apps/v1:Deployment",
    ]) {
      for (const inputs of [
        {},
        { spec: null, values: null, metadata: null },
        { spec: UNKNOWN, values: UNKNOWN, metadata: UNKNOWN },
      ]) {
        expect(() => judge({ resources: [resource(type, inputs)] }, [rule])).not.toThrow();
      }
    }
  });
});
