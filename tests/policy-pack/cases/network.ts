/** Who is let in, and changes of the CNI. */
import type { Tree } from "../../../config/tree";
import { UNKNOWN } from "../../../policy-pack/resource";
import { CALICO_POLICY, namespace, network, policy, release, resource, RUNTIME, server } from "../support";
import { fails, passes, shows, unknown, type RuleCases } from "./case";

const CLUSTER_IP = { scheduler: { serviceType: "ClusterIP" }, envoy: { serviceType: "ClusterIP" } };
const CLOSED = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
const installation = resource("kubernetes:operator.tigera.io/v1:Installation", { spec: {} });
const sections = (policies: Tree) => resource("seldon-k3s:index:NetworkPolicies", { policies });
const service = (spec: unknown) => resource("kubernetes:core/v1:Service", { spec });

export const NETWORK_CASES: RuleCases = {
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
};
