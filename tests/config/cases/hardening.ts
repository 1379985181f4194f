import { HOST_KEY } from "../../support/host-key";
import type { RuleCase } from "./case";

const S3 = { bucket: "snapshots", region: "eu-central-1" };
const SECRETS = ["etcdS3AccessKey", "etcdS3SecretKey"];

/** The CIS profile, and etcd snapshots in a bucket. */
export const HARDENING_CASES: readonly RuleCase[] = [
  {
    when: "the CIS profile meets Secrets in clear",
    rule: "k3s.cis-without-encryption",
    set: { "k3s.hardening": "cis", "k3s.secretsEncryption": false },
    at: "k3s.secretsEncryption",
    says: ["is off", "K3s cannot turn it on later", "leave k3s.hardening at none"],
  },
  {
    when: "namespaces are exempt from nothing",
    rule: "k3s.exemptions-without-cis",
    set: { "k3s.podSecurityExemptions": ["monitoring"] },
    at: "k3s.podSecurityExemptions",
    says: ["from a default that nobody sets", "monitoring", "set k3s.hardening to cis"],
  },
  {
    when: "SQLite has no snapshots for a bucket",
    rule: "k3s.snapshots-s3-datastore",
    set: {
      "k3s.datastore": "sqlite",
      "k3s.etcdSnapshots.s3": S3,
      "hosts.servers": [{ name: "server-1", address: "192.0.2.11", hostKey: HOST_KEY }],
    },
    secrets: SECRETS,
    at: "k3s.etcdSnapshots.s3",
    says: ["SQLite has none", 'got "sqlite"', "hosts.backup.s3"],
  },
  {
    when: "nobody could tell K3s of the bucket",
    rule: "k3s.snapshots-s3-datastore",
    set: { hosts: undefined, "k3s.etcdSnapshots.s3": S3 },
    secrets: SECRETS,
    at: "k3s.etcdSnapshots.s3",
    says: ["this stack declares none", "bucket snapshots without hosts", "declare the machines"],
  },
  {
    when: "this K3s keeps no other number in a bucket",
    rule: "k3s.snapshots-s3-retention",
    set: { "k3s.version": "v1.33.3+k3s1", "k3s.etcdSnapshots.s3": { ...S3, retention: 90 } },
    secrets: SECRETS,
    at: "k3s.etcdSnapshots.s3.retention",
    says: ["has no effect with K3s v1.33.3+k3s1", "got 90", "v1.33.4", "move to such a version"],
  },
  {
    when: "the bucket's key is missing",
    rule: "k3s.snapshots-s3-secrets",
    set: { "k3s.etcdSnapshots.s3": S3 },
    secrets: ["etcdS3AccessKey"],
    at: "etcdS3SecretKey",
    says: ["is missing", "pulumi config set --secret etcdS3SecretKey"],
  },
  {
    when: "a key opens no bucket",
    rule: "k3s.snapshots-s3-secrets",
    set: {},
    secrets: ["etcdS3AccessKey"],
    at: "etcdS3AccessKey",
    says: ["no bucket is declared", "pulumi config rm etcdS3AccessKey"],
  },
];
