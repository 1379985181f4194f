import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { StackConfig } from "../../config/schema";
import { labels, token } from "../component";
import { S3_SECRET, S3_SECRET_NAMESPACE, S3_SECRET_TYPE, snapshotSecretData } from "./snapshot-secret";

/** Arguments of {@link SnapshotStore}. */
export interface SnapshotStoreArgs {
  /** Its name is the default folder in the bucket. */
  readonly cluster: StackConfig["cluster"];
  /** The bucket. */
  readonly store: NonNullable<StackConfig["k3s"]["etcdSnapshots"]["s3"]>;
  /** Access key id; a secret. */
  readonly accessKey: pulumi.Output<string> | undefined;
  /** Secret access key; a secret. */
  readonly secretKey: pulumi.Output<string> | undefined;
}

/**
 * The bucket that K3s copies its etcd snapshots to: a Secret in kube-system, which the servers' setting
 * `etcd-s3-config-secret` names. K3s reads it at each snapshot, so that new credentials need no restart and none lie on a
 * machine. A restore cannot use it, because there is no API server yet (docs/hardening.md has the flags).
 */
export class SnapshotStore extends pulumi.ComponentResource {
  /** The Secret. */
  readonly secret: k8s.core.v1.Secret;

  /** @throws ResourceError without credentials (the rule `k3s.snapshots-s3-secrets` refuses such a stack first). */
  constructor(name: string, args: SnapshotStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster, store, accessKey, secretKey } = args;
    // Marked here again: what a component is given is stored with it.
    const secrets = {
      accessKey: accessKey === undefined ? undefined : pulumi.secret(accessKey),
      secretKey: secretKey === undefined ? undefined : pulumi.secret(secretKey),
    };
    super(token("SnapshotStore"), name, { ...args, ...secrets }, opts);
    if (secrets.accessKey === undefined || secrets.secretKey === undefined) {
      throw new pulumi.ResourceError(
        `no credentials for the bucket ${store.bucket}: got none, or half of them; allowed: etcdS3AccessKey and etcdS3SecretKey; fix: pulumi config set --secret etcdS3AccessKey, and etcdS3SecretKey`,
        this,
        true,
      );
    }
    this.secret = new k8s.core.v1.Secret(
      `${name}-secret`,
      {
        metadata: { name: S3_SECRET, namespace: S3_SECRET_NAMESPACE, labels: labels() },
        type: S3_SECRET_TYPE,
        stringData: {
          ...snapshotSecretData(store, cluster),
          "etcd-s3-access-key": secrets.accessKey,
          "etcd-s3-secret-key": secrets.secretKey,
        },
      },
      { parent: this },
    );
    this.registerOutputs({ secret: this.secret });
  }
}
