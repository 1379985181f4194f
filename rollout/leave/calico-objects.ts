/**
 * What of Calico stays in the API when its Installation has been deleted, as a table. Measured with the Tigera operator
 * 1.40.15: the namespace goes, the IPPools stay. The rest is what users report (calico issue 7816, operator issues 2031,
 * 3413, 4103): finalizers without their controller, an APIService without its server.
 *
 * Policies, host endpoints and BGP settings are not in it: they are the users' own, and the way back is refused while
 * there are any.
 */
import type { KubeObject } from "../../checks/cluster/objects";

const CRD = "/apis/crd.projectcalico.org/v1";

/** Objects that Calico makes for itself; all of a kind go. */
export const OWN_KINDS: readonly string[] = [
  "ippools",
  "blockaffinities",
  "ipamblocks",
  "ipamhandles",
  "ipamconfigs",
  "clusterinformations",
  "kubecontrollersconfigurations",
].map((plural) => `${CRD}/${plural}`);

/** Single objects by path. */
export const OWN_OBJECTS: readonly string[] = [
  "/apis/storage.k8s.io/v1/csidrivers/csi.tigera.io",
  "/apis/scheduling.k8s.io/v1/priorityclasses/calico-priority",
];

/** Its aggregated API. One without a server behind it stops the deletion of every namespace. */
export const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v3.projectcalico.org";

/** Where its admission webhooks would be; one without a server behind it can stop writes. */
export const WEBHOOKS: readonly string[] = [
  "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
];
export const isOwnWebhook = ({ metadata }: KubeObject): boolean =>
  /(^|[.-])(projectcalico\.org|tigera\.io)$|^tigera-|^calico-/.test(metadata.name);

/** Custom resources of the operator whose finalizers wait for it. */
export const OPERATOR_KINDS: readonly string[] = ["installations", "apiservers", "goldmanes", "whiskers"].map(
  (plural) => `/apis/operator.tigera.io/v1/${plural}`,
);

/** Namespaces that the operator makes. Its own is the stack's. */
export const NAMESPACES: readonly string[] = ["calico-system", "calico-apiserver"];

/** Where the operator keeps the rights of the CNI plugin until every pod is gone. */
export const PROTECTED: readonly string[] = [
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  ...NAMESPACES.flatMap((namespace) => [
    `/api/v1/namespaces/${namespace}/serviceaccounts`,
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
    `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
  ]),
];

/** Finalizers that only the operator would take away. */
export const isOwnFinalizer = (finalizer: string): boolean => finalizer.startsWith("tigera.io/");

/** Beginning of the annotations that Calico puts on nodes. */
export const NODE_ANNOTATIONS = "projectcalico.org/";
