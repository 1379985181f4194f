import { policyContext } from "../../../components/network-policies/context";
import { renderPolicies } from "../../../components/network-policies/render";
import type { NetworkPolicy } from "../../../components/network-policies/builders";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";

const render = (...sections: Parameters<typeof seldonStack>) => renderPolicies(policyContext(seldonStack(...sections)));
const names = (policies: readonly NetworkPolicy[]) =>
  policies.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

function named(policies: readonly NetworkPolicy[], name: string, namespace = "financial-ml"): NetworkPolicy {
  const found = policies.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  if (found === undefined) throw new Error(`no policy ${namespace}/${name} among ${names(policies).join(", ")}`);
  return found;
}

const component = (name: string) => ({ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } });
const namespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
const tcp = (...numbers: number[]) => numbers.map((port) => ({ port, protocol: "TCP" }));

describe("policies of the models profile", () => {
  const policies = render();

  test("are these, and none for components without pods", () => {
    expect(names(policies)).toEqual([
      "financial-ml/default-deny",
      "financial-ml/allow-every-pod",
      "financial-ml/allow-operator",
      "financial-ml/allow-scheduler",
      "financial-ml/allow-envoy",
      "financial-ml/allow-server",
    ]);
  });

  test("close everything first", () => {
    expect(named(policies, "default-deny")).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: {
        name: "default-deny",
        namespace: "financial-ml",
        labels: { "app.kubernetes.io/managed-by": "seldon-k3s" },
        annotations: { "seldon-k3s/reasons": "closed unless another policy of this namespace opens it" },
      },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    });
  });

  test("let every pod ask CoreDNS, by UDP and TCP", () => {
    expect(named(policies, "allow-every-pod").spec).toEqual({
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        {
          to: [
            { namespaceSelector: namespace("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } },
          ],
          ports: [
            { port: 53, protocol: "UDP" },
            { port: 53, protocol: "TCP" },
          ],
        },
      ],
    });
  });

  test("open for servers: the agent's proxies in; scheduler, API server, Envoy and storage out", () => {
    const policy = named(policies, "allow-server");
    expect(policy.spec).toEqual({
      podSelector: { matchLabels: { "app.kubernetes.io/name": "seldon-server" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [component("seldon-envoy")], ports: tcp(9001, 9501) }],
      egress: [
        { to: [component("seldon-scheduler")], ports: tcp(9005) },
        { to: [{ ipBlock: { cidr: "192.0.2.0/24" } }], ports: tcp(6443) },
        { to: [component("seldon-envoy")], ports: tcp(9000) },
        {
          to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.42.0.0/16", "10.43.0.0/16", "192.0.2.0/24"] } }],
          ports: tcp(443),
        },
      ],
    });
    expect(policy.metadata.annotations["seldon-k3s/reasons"]?.split("\n")).toEqual([
      "from envoy, TCP 9001, 9501: inference requests to the agent's reverse proxies, never to the inference server itself (envoy-to-server)",
      "to scheduler, TCP 9005: agents register their capacity and take load and unload orders (server-to-scheduler)",
      "to Kubernetes API server, TCP 6443: agents read rclone Secrets and, from 2.10 on, wait for their EndpointSlice; without it they never get ready (server-to-apiserver)",
      "to envoy, TCP 9000: explainers and language-model runtimes call other models through seldon-mesh (server-to-envoy)",
      "to object storage (policies.storage), TCP 443: rclone downloads model artefacts (server-to-storage)",
    ]);
  });

  test("let the configured clients call Envoy, by namespace and label, and servers besides", () => {
    expect(named(policies, "allow-envoy").spec.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: namespace("kube-system"),
            podSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } },
          },
        ],
        ports: tcp(9000),
      },
      { from: [component("seldon-server")], ports: tcp(9000) },
    ]);
  });

  test("open the API server's port on the nodes, not the Service's address", () => {
    expect(named(policies, "allow-operator").spec.egress).toContainEqual({
      to: [{ ipBlock: { cidr: "192.0.2.0/24" } }],
      ports: tcp(6443),
    });
    expect(JSON.stringify(policies)).not.toContain("10.43.0.1");
  });
});

describe("policies of tenants", () => {
  const policies = render({ seldon: { tenants: [{ namespace: "tenant-a" }] } });

  test("are complete in every namespace, the operator's only at home", () => {
    expect(names(policies).filter((name) => name.startsWith("tenant-a/"))).toEqual([
      "tenant-a/default-deny",
      "tenant-a/allow-every-pod",
      "tenant-a/allow-scheduler",
      "tenant-a/allow-envoy",
      "tenant-a/allow-server",
    ]);
  });

  test("let the operator reach every scheduler, and each scheduler know the operator by its namespace", () => {
    const operator = { matchLabels: { "control-plane": "v2-controller-manager" } };
    expect(named(policies, "allow-operator").spec.egress?.[0]).toEqual({
      to: [
        {
          namespaceSelector: {
            matchExpressions: [
              { key: "kubernetes.io/metadata.name", operator: "In", values: ["financial-ml", "tenant-a"] },
            ],
          },
          podSelector: { matchLabels: { "app.kubernetes.io/name": "seldon-scheduler" } },
        },
      ],
      ports: tcp(9004),
    });
    expect(named(policies, "allow-scheduler", "tenant-a").spec.ingress?.[0]).toEqual({
      from: [{ namespaceSelector: namespace("financial-ml"), podSelector: operator }],
      ports: tcp(9004),
    });
    expect(named(policies, "allow-scheduler").spec.ingress?.[0]).toEqual({
      from: [{ podSelector: operator }],
      ports: tcp(9004),
    });
  });
});

describe("policies of the pipelines profile", () => {
  test("let the Kafka components reach the brokers on the bootstrap's port, and the API server for their Secrets", () => {
    const policies = render({ seldon: PIPELINES });
    for (const name of ["allow-modelgateway", "allow-pipelinegateway", "allow-dataflow"]) {
      const egress = named(policies, name).spec.egress;
      expect(egress).toContainEqual({ to: [{ namespaceSelector: namespace("kafka") }], ports: tcp(9093) });
      expect(egress).toContainEqual({ to: [{ ipBlock: { cidr: "192.0.2.0/24" } }], ports: tcp(6443) });
    }
  });

  test("leave the API server closed to them without a password", () => {
    const kafka = { bootstrap: "k.kafka:9092", namespace: "kafka", protocol: "PLAINTEXT" };
    const policies = render({ seldon: { profile: "pipelines", kafka } });
    expect(JSON.stringify(named(policies, "allow-dataflow"))).not.toContain("6443");
  });

  test("stay closed where the configuration names no broker, instead of opening to everybody", () => {
    const kafka = { bootstrap: "kafka.example.com:9092", protocol: "PLAINTEXT" };
    const policies = render({ seldon: { profile: "pipelines", kafka } });
    expect(named(policies, "allow-dataflow").spec.egress).toEqual([
      { to: [component("seldon-scheduler")], ports: tcp(9008) },
    ]);
  });
});

test("no rule of any stack is empty, which would admit everybody", () => {
  const stacks = [
    render(),
    render({ seldon: PIPELINES }),
    render({ policies: { clients: [], storage: { cidrs: ["10.42.0.0/24"] } } }),
  ];
  for (const { spec } of stacks.flat()) {
    for (const rule of spec.ingress ?? []) expect([rule.from.length > 0, rule.ports.length > 0]).toEqual([true, true]);
    for (const rule of spec.egress ?? []) expect([rule.to.length > 0, rule.ports.length > 0]).toEqual([true, true]);
  }
});

test("the order of storage ranges in the configuration does not change a policy", () => {
  const ranges = ["203.0.113.0/24", "198.51.100.0/24", "203.0.113.0/24"];
  const reversed = [...ranges].reverse();
  expect(render({ policies: { storage: { cidrs: ranges } } })).toEqual(
    render({ policies: { storage: { cidrs: reversed } } }),
  );
});
