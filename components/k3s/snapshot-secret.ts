/**
 * Where K3s copies its etcd snapshots to, as the Secret that its setting `etcd-s3-config-secret` names. Pure.
 *
 * Source: docs.k3s.io `cli/etcd-snapshot`, "S3 Configuration Secret Support", and K3s `pkg/etcd/s3/config_secret.go`
 * (v1.30.4 and newer); K3s looks for it in kube-system at every snapshot.
 */
import type { StackConfig } from "../../config/schema";

/** Name of the Secret. */
export const S3_SECRET = "k3s-etcd-snapshot-s3-config";
/** The only namespace that K3s looks in. */
export const S3_SECRET_NAMESPACE = "kube-system";
/** Type by which people find it; K3s does not look at it. */
export const S3_SECRET_TYPE = "etcd.k3s.cattle.io/s3-config-secret";

type SnapshotStore = NonNullable<StackConfig["k3s"]["etcdSnapshots"]["s3"]>;

/**
 * The Secret's open part; the credentials are added where they are known.
 *
 * @param cluster its name is the default folder: K3s removes old snapshots by the node's name, which another cluster may
 * have too.
 */
export function snapshotSecretData(
  store: SnapshotStore,
  { name }: Pick<StackConfig["cluster"], "name">,
): Record<string, string> {
  const { bucket, region, folder = name, endpoint, endpointCa, forcePathStyle } = store;
  return {
    "etcd-s3-bucket": bucket,
    "etcd-s3-region": region,
    "etcd-s3-folder": folder,
    // K3s wants host and port; https is its default, and the schema allows nothing else.
    ...(endpoint === undefined ? {} : { "etcd-s3-endpoint": new URL(endpoint).host }),
    ...(endpointCa === undefined ? {} : { "etcd-s3-endpoint-ca": `${endpointCa.trimEnd()}\n` }),
    ...(forcePathStyle === undefined ? {} : { "etcd-s3-bucket-lookup-type": forcePathStyle ? "path" : "dns" }),
  };
}
