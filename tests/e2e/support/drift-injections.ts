/** What people do to a cluster behind the stack's back, one of each class of drift, and what `npm run drift` says of it. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "../../../checks/context";
import type { DriftClass } from "../../../checks/drift/objects/classes";
import type { KubernetesObject } from "../../../sandbox/api/objects";
import type { KeptSandbox } from "./kept-sandbox";

/** How a cluster gets as it was: by the command of the report, by another run of the stack, or otherwise. */
export type Mend =
  "command" | "stack" | { readonly said: string; readonly run: (sandbox: KeptSandbox) => Promise<unknown> };

export interface Injection {
  /** The class of drift in people's words. */
  readonly kind: string;
  readonly injected: string;
  readonly check: string;
  readonly target: string;
  readonly class: DriftClass;
  /** What the report says, whole. */
  readonly found: string;
  readonly inject: (sandbox: KeptSandbox) => Promise<unknown>;
  readonly mend: Mend;
}

const NAMESPACE = "financial-ml";
const PATHS = {
  namespace: `/api/v1/namespaces/${NAMESPACE}`,
  secrets: `/api/v1/namespaces/${NAMESPACE}/secrets`,
  policies: `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`,
  seldon: `/apis/mlops.seldon.io/v1alpha1/namespaces/${NAMESPACE}`,
  manager: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/seldon-v2-controller-manager`,
  crd: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/experiments.mlops.seldon.io",
};

const edit =
  (path: string, body: unknown, type = "application/merge-patch+json") =>
  (sandbox: KeptSandbox) =>
    sandbox.client.send({ method: "PATCH", path: `${path}?fieldManager=kubectl-edit`, body, type });
const remove = (path: string) => (sandbox: KeptSandbox) => sandbox.client.send({ method: "DELETE", path });
const make = (apiVersion: string, kind: string, name: string, spec: object, namespace?: string) => {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return (sandbox: KeptSandbox) =>
    sandbox.client.apply({ apiVersion, kind, metadata, spec } as KubernetesObject, { fieldManager: "kubectl-create" });
};

const SETUP = "seldon-core-v2-setup";
const release = (name: string): string => `release ${NAMESPACE}/${name}`;
const helm = ({ kept }: KeptSandbox, words: string): string =>
  `helm --kubeconfig ${quote(kept.kubeconfig)} -n ${NAMESPACE} ${words}`;
const rollBack: Mend = {
  said: "`helm rollback` to the revision before",
  run: (sandbox) => sandbox.shell(helm(sandbox, `rollback ${SETUP}`)),
};

/** `helm upgrade` by hand, from the stack's chart or from one with another version. */
const upgrade = (version: string, ...words: string[]) => {
  return (sandbox: KeptSandbox): Promise<string> => {
    const chart = join(dirname(sandbox.kept.kubeconfig), `by-hand-${version}`, SETUP);
    cpSync(join(sandbox.charts, `${SETUP}-2.10.2`), chart, { recursive: true });
    const file = join(chart, "Chart.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^version: .*$/m, `version: ${version}`));
    return sandbox.shell(helm(sandbox, `upgrade ${SETUP} ${quote(chart)} --reuse-values ${words.join(" ")}`));
  };
};

export const INJECTIONS: readonly Injection[] = [
  {
    kind: "object edited",
    injected: "a Server is scaled from 1 replica to 3",
    check: "declared-objects",
    target: `Server ${NAMESPACE}/mlserver`,
    class: "configuration",
    found: "1 configuration: spec.replicas is 3, declared 1",
    inject: edit(`${PATHS.seldon}/servers/mlserver`, { spec: { replicas: 3 } }),
    mend: "stack",
  },
  {
    kind: "object edited",
    injected: "a NetworkPolicy lets everybody in",
    check: "declared-objects",
    target: `NetworkPolicy ${NAMESPACE}/allow-scheduler`,
    class: "policy",
    found: "",
    inject: edit(`${PATHS.policies}/allow-scheduler`, { spec: { ingress: [{}] } }),
    mend: "stack",
  },
  {
    kind: "object edited",
    injected: "the namespace admits privileged pods",
    check: "declared-objects",
    target: `Namespace ${NAMESPACE}`,
    class: "policy",
    found: "",
    inject: edit(PATHS.namespace, { metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } }),
    mend: "stack",
  },
  {
    kind: "field added",
    injected: "a Model gets a server of its own",
    check: "declared-objects",
    target: `Model ${NAMESPACE}/test-model-simple`,
    class: "configuration",
    found: "1 configuration: spec.dedicated was added by kubectl-edit",
    inject: edit(`${PATHS.seldon}/models/test-model-simple`, { spec: { dedicated: true } }),
    mend: {
      said: "the field taken back by hand",
      run: edit(`${PATHS.seldon}/models/test-model-simple`, { spec: { dedicated: null } }),
    },
  },
  {
    kind: "object deleted",
    injected: "the NetworkPolicy that denies everything",
    check: "declared-objects",
    target: `NetworkPolicy ${NAMESPACE}/default-deny`,
    class: "policy",
    found: "1 policy: it is not there",
    inject: remove(`${PATHS.policies}/default-deny`),
    mend: "stack",
  },
  {
    kind: "foreign policy added",
    injected: "a NetworkPolicy that opens every pod",
    check: "undeclared-objects",
    target: `NetworkPolicies in ${NAMESPACE}`,
    class: "policy",
    found: `1 policy: NetworkPolicy ${NAMESPACE}/debug-open is not declared`,
    inject: make("networking.k8s.io/v1", "NetworkPolicy", "debug-open", { podSelector: {}, ingress: [{}] }, NAMESPACE),
    mend: "command",
  },
  {
    kind: "foreign policy added",
    injected: "a GlobalNetworkPolicy that allows everything",
    check: "undeclared-objects",
    target: "GlobalNetworkPolicies",
    class: "policy",
    found: "1 policy: GlobalNetworkPolicy allow-all is not declared",
    inject: make("crd.projectcalico.org/v1", "GlobalNetworkPolicy", "allow-all", {
      order: 1,
      selector: "all()",
      types: ["Ingress"],
      ingress: [{ action: "Allow" }],
    }),
    mend: "command",
  },
  {
    kind: "foreign object added",
    injected: "an IPPool",
    check: "undeclared-objects",
    target: "IPPools",
    class: "configuration",
    found: "1 configuration: IPPool spare is not declared",
    inject: make("crd.projectcalico.org/v1", "IPPool", "spare", { cidr: "10.99.0.0/16" }),
    mend: "command",
  },
  {
    kind: "foreign object added",
    injected: "a Server beside the stack's",
    check: "undeclared-objects",
    target: `Servers in ${NAMESPACE}`,
    class: "configuration",
    found: `1 configuration: Server ${NAMESPACE}/mlserver-extra is not declared`,
    inject: make(
      "mlops.seldon.io/v1alpha1",
      "Server",
      "mlserver-extra",
      { serverConfig: "mlserver", replicas: 1 },
      NAMESPACE,
    ),
    mend: "command",
  },
  {
    kind: "chart object edited",
    injected: "the operator's Deployment runs another image",
    check: "helm-objects",
    target: release(SETUP),
    class: "version",
    found: "",
    inject: edit(
      PATHS.manager,
      {
        spec: {
          template: {
            spec: { containers: [{ name: "manager", image: "stand-in.invalid/seldonv2-controller:latest" }] },
          },
        },
      },
      "application/strategic-merge-patch+json",
    ),
    mend: "command",
  },
  {
    kind: "chart object edited",
    injected: "the operator's Deployment is scaled to none",
    check: "helm-objects",
    target: release(SETUP),
    class: "configuration",
    found: `1 configuration: Deployment ${NAMESPACE}/seldon-v2-controller-manager spec.replicas is 0, declared 1`,
    inject: edit(PATHS.manager, { spec: { replicas: 0 } }),
    mend: "command",
  },
  {
    kind: "chart object edited",
    injected: "the label by which Helm knows its own is taken away",
    check: "helm-objects",
    target: release(SETUP),
    class: "configuration",
    found: `1 configuration: Deployment ${NAMESPACE}/seldon-v2-controller-manager metadata.labels[app.kubernetes.io/managed-by] is absent, declared "Helm"`,
    inject: edit(PATHS.manager, { metadata: { labels: { "app.kubernetes.io/managed-by": null } } }),
    mend: "command",
  },
  {
    kind: "chart object deleted",
    injected: "the operator's Deployment",
    check: "helm-objects",
    target: release(SETUP),
    class: "configuration",
    found: `1 configuration: Deployment ${NAMESPACE}/seldon-v2-controller-manager is not there`,
    inject: remove(PATHS.manager),
    mend: "command",
  },
  {
    kind: "CRD edited",
    injected: "a CRD of Seldon's prunes what it does not know",
    check: "helm-objects",
    target: release("seldon-core-v2-crds"),
    class: "version",
    found: "",
    inject: edit(
      PATHS.crd,
      [
        {
          op: "remove",
          path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-preserve-unknown-fields",
        },
      ],
      "application/json-patch+json",
    ),
    mend: "command",
  },
  {
    kind: "release changed",
    injected: "`helm upgrade` with another value",
    check: "helm-releases",
    target: release(SETUP),
    class: "configuration",
    found: '1 configuration: values.controller is {"clusterwide":true}, declared absent',
    inject: upgrade("2.10.2", "--set controller.clusterwide=true"),
    mend: rollBack,
  },
  {
    kind: "release changed",
    injected: "`helm upgrade` to another version of the chart",
    check: "helm-releases",
    target: release(SETUP),
    class: "version",
    found: `1 version: chart.version is "${SETUP}-2.9.1", declared "${SETUP}-2.10.2"`,
    inject: upgrade("2.9.1"),
    mend: rollBack,
  },
];
