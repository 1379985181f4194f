import { hasS3Retention } from "../compatibility";
import type { Rule } from "./rule";

/** The two halves of the credentials for the bucket of etcd snapshots. */
const S3_SECRETS = ["etcdS3AccessKey", "etcdS3SecretKey"] as const;

/** The CIS profile, and etcd snapshots in a bucket. */
export const HARDENING_RULES: readonly Rule[] = [
  {
    id: "k3s.cis-without-encryption",
    *check({ k3s }) {
      if (k3s.hardening !== "cis" || k3s.secretsEncryption) return;
      yield {
        path: "k3s.secretsEncryption",
        problem: "is off, and k3s.hardening: cis wants Secrets encrypted at rest",
        got: k3s.secretsEncryption,
        allowed: "true, on a cluster that was made with it: K3s cannot turn it on later",
        fix: "make the cluster anew with secretsEncryption: true, or leave k3s.hardening at none",
      };
    },
  },
  {
    id: "k3s.exemptions-without-cis",
    *check({ k3s }) {
      if (k3s.podSecurityExemptions === undefined || k3s.hardening === "cis") return;
      yield {
        path: "k3s.podSecurityExemptions",
        problem: "exempts namespaces from a default that nobody sets",
        got: k3s.podSecurityExemptions,
        allowed: "with k3s.hardening: cis only",
        fix: "set k3s.hardening to cis, or remove the list",
      };
    },
  },
  {
    id: "k3s.snapshots-s3-datastore",
    *check({ k3s, hosts }) {
      const { s3 } = k3s.etcdSnapshots;
      if (s3 === undefined || (k3s.datastore === "etcd" && hosts !== undefined)) return;
      const sqlite = k3s.datastore === "sqlite";
      yield {
        path: "k3s.etcdSnapshots.s3",
        problem: sqlite
          ? "needs snapshots of etcd, and SQLite has none: nothing would ever be copied"
          : "is a setting of K3s on its machines, and this stack declares none",
        got: sqlite ? k3s.datastore : `bucket ${s3.bucket} without hosts`,
        allowed: "k3s.datastore: etcd, with hosts",
        fix: sqlite
          ? "remove it, and keep copies by hosts.backup.s3"
          : "declare the machines in hosts, or set etcd-s3 where K3s is set up",
      };
    },
  },
  {
    id: "k3s.snapshots-s3-retention",
    *check({ k3s: { etcdSnapshots, version } }) {
      const retention = etcdSnapshots.s3?.retention;
      if (retention === undefined || retention === etcdSnapshots.retention || hasS3Retention(version)) return;
      yield {
        path: "k3s.etcdSnapshots.s3.retention",
        problem: `has no effect with K3s ${version}, which keeps as many snapshots in the bucket as on the machine`,
        got: retention,
        allowed: `${etcdSnapshots.retention} (k3s.etcdSnapshots.retention), or K3s v1.32.8, v1.33.4, v1.34.0 and newer`,
        fix: "remove it, or move to such a version",
      };
    },
  },
  {
    id: "k3s.snapshots-s3-secrets",
    *check({ k3s }, { secrets }) {
      const wanted = k3s.etcdSnapshots.s3 !== undefined;
      for (const key of S3_SECRETS) {
        if (secrets.has(key) === wanted) continue;
        yield {
          path: key,
          problem: wanted
            ? "is missing: K3s could not write to the bucket of k3s.etcdSnapshots.s3"
            : "is set, and no bucket is declared that it opens",
          got: wanted ? undefined : "a secret",
          allowed: "etcdS3AccessKey and etcdS3SecretKey, exactly with k3s.etcdSnapshots.s3",
          fix: wanted ? `pulumi config set --secret ${key}` : `pulumi config rm ${key}, or set k3s.etcdSnapshots.s3`,
        };
      }
    },
  },
];
