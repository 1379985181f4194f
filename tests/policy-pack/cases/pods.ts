/** What pods may do and must say. */
import { UNKNOWN } from "../../../policy-pack/resource";
import { pod, release, resource, server } from "../support";
import { fails, passes, shows, unknown, type RuleCases } from "./case";

const deployment = (spec: unknown) => resource("kubernetes:apps/v1:Deployment", { spec: { template: { spec } } });
const REQUESTS = { requests: { cpu: "1", memory: "1Gi" } };

export const POD_CASES: RuleCases = {
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
};
