/**
 * Which differences Pulumi mends by deleting the object and making it anew, of the kinds that the program can declare.
 * Data, from the provider's own table (4.34, `diff.go` forceNew; `provider.go` forceNewProperties), which adds name and
 * namespace for every kind: those are what an object is matched by here, so they never differ. Pure.
 */
import { isWithin } from "../../checks/drift/objects/field-path";

interface ReplacementRow {
  /** API group, empty for the core. */
  readonly group: string;
  readonly kind: string;
  readonly fields: readonly string[];
}

const workload = (kind: string, fields: readonly string[] = []): ReplacementRow => ({
  group: "apps",
  kind,
  fields: ["spec.selector", ...fields],
});

const ROWS: readonly ReplacementRow[] = [
  // Both only because the stack's provider keeps enableSecretMutable and enableConfigMapMutable off.
  { group: "", kind: "Secret", fields: ["type", "data", "stringData"] },
  { group: "", kind: "ConfigMap", fields: ["data", "binaryData"] },
  { group: "", kind: "Service", fields: ["spec.clusterIP"] },
  { group: "", kind: "ResourceQuota", fields: ["spec.scopes"] },
  {
    group: "",
    kind: "PersistentVolumeClaim",
    fields: ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  },
  workload("Deployment"),
  workload("DaemonSet"),
  workload("StatefulSet", [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ]),
  { group: "rbac.authorization.k8s.io", kind: "RoleBinding", fields: ["roleRef"] },
  { group: "rbac.authorization.k8s.io", kind: "ClusterRoleBinding", fields: ["roleRef"] },
  { group: "storage.k8s.io", kind: "StorageClass", fields: ["parameters", "provisioner"] },
  {
    group: "batch",
    kind: "Job",
    fields: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  },
];

/** Whether a difference in that field makes Pulumi replace the object. */
export function replaces(apiVersion: string, kind: string, field: string): boolean {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0]! : "";
  const row = ROWS.find((one) => one.group === group && one.kind === kind);
  return row !== undefined && row.fields.some((outer) => isWithin(field, outer) || isWithin(outer, field));
}
