import type { RuleCase } from "./case";

const SET = { name: "s3", hosts: ["s3.example.com"], cidrs: ["198.51.100.0/24"] };
const FLANNEL = { "cni.provider": "flannel" };

/** Whether policies act, tiers, sets of addresses. */
export const POLICY_CASES: readonly RuleCase[] = [
  {
    when: "a tier is asked for where Flannel runs",
    rule: "policies.needs-calico",
    set: { ...FLANNEL, "policies.tiers.security": {} },
    at: "policies.tiers.security",
    says: ["needs Calico, and this stack runs Flannel", "K3s' own controller knows no tiers"],
  },
  {
    when: "a default deny of the cluster is asked for where Flannel runs",
    rule: "policies.needs-calico",
    set: { ...FLANNEL, "policies.clusterDefaultDeny": {} },
    at: "policies.clusterDefaultDeny",
    says: ["cni.provider calico", "have a default deny of their own"],
  },
  {
    when: "sets of addresses are used where Flannel runs",
    rule: "policies.needs-calico",
    set: { ...FLANNEL, "policies.storage.sets": [SET] },
    at: "policies.storage.sets",
    says: ['got ["s3"]', "policies.storage.cidrs"],
  },
  {
    when: "the cluster's default deny shall act in the middle of a change of CNI",
    rule: "policies.acts-while-leaving",
    set: { "cni.leaving": "flannel", "policies.clusterDefaultDeny.enforce": true },
    at: "policies.clusterDefaultDeny.enforce",
    says: ["those still on Flannel know nothing of it", "false, which stages it"],
  },
  {
    when: "storage is open by a set that half of the nodes do not know",
    rule: "policies.acts-while-leaving",
    set: { "cni.leaving": "flannel", "policies.storage.sets": [SET] },
    at: "policies.storage.sets",
    says: ["when cni.leaving is gone", "policies.storage.cidrs"],
  },
  {
    when: "policies are disabled and shall act",
    rule: "policies.options-while-disabled",
    set: { "policies.enabled": false, "policies.enforce": true },
    at: "policies.enforce",
    says: ["has no effect", "got true"],
  },
  {
    when: "policies are disabled and a tier is asked for",
    rule: "policies.options-while-disabled",
    set: { "policies.enabled": false, "policies.tiers.platform": {} },
    at: "policies.tiers.platform",
    says: ["has no effect", "enable the policies"],
  },
  {
    when: "two tiers have one order",
    rule: "policies.tier-order",
    set: { "policies.tiers.platform": {}, "policies.tiers.security.order": 200 },
    at: "policies.tiers.security.order",
    says: ["is also that of the tier platform", "101 to 999999 but 1000"],
  },
  {
    when: "a tier has the order of Kubernetes' own tier for administrators",
    rule: "policies.tier-order",
    set: { "policies.tiers.application.order": 1000 },
    at: "policies.tiers.application.order",
    says: ["administrators' policies of Kubernetes", "got 1000"],
  },
  {
    when: "a namespace was taken over that is not the stack's",
    rule: "policies.taken-over-unknown",
    set: { "policies.takenOver": ["financial"] },
    at: "policies.takenOver[0]",
    says: ["is no namespace of this stack", "allowed: financial-ml"],
  },
  {
    when: "a set of addresses holds Services of the cluster",
    rule: "policies.set-in-cluster",
    set: { "policies.storage.sets": [{ ...SET, cidrs: ["198.51.100.0/24", "10.43.7.0/24"] }] },
    at: "policies.storage.sets[0].cidrs[1]",
    says: ["overlaps 10.43.0.0/16", "policies.storage.service"],
  },
  {
    when: "two sets have one name",
    rule: "policies.set-repeated",
    set: { "policies.storage.sets": [SET, SET] },
    at: "policies.storage.sets[1].name",
    says: ["policies.storage.sets[0]", 'got "s3"'],
  },
  {
    when: "the storage's pods are named by a label that none can have",
    rule: "policies.storage-service-labels",
    set: { "policies.storage.service": { namespace: "minio", podLabels: { app: "min io" } } },
    at: 'policies.storage.service.podLabels["app"]',
    says: ['got "min io"', "kubectl get service"],
  },
  {
    when: "the object storage sits under the default deny",
    rule: "policies.peer-under-default-deny",
    set: { "policies.storage.service": { namespace: "financial-ml" } },
    at: "policies.storage.service.namespace",
    says: ["its pods sit under the default deny"],
  },
];
