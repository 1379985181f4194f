/** Addresses of pods and the ranges that they should come from. */
import { contains } from "../../../config/cidr";
import { conditionOf } from "../../cluster/objects";
import { isFakeNode } from "../../cluster/simulated";
import type { Evidence } from "../../evidence/evidence";
import { isReady } from "../../evidence/pods";
import { podSubject } from "../read";
import { type Cause, hint, proof, type Rule, strong } from "../rule";

const IPV4 = /^\d+\.\d+\.\d+\.\d+/;

function outsidePools(evidence: Evidence): Cause[] {
  const ranges = (evidence.pools ?? []).flatMap(({ spec }) =>
    spec?.cidr !== undefined && IPV4.test(spec.cidr) ? [spec.cidr] : [],
  );
  if (ranges.length === 0) return [];
  // No CNI gave these pods their addresses.
  const fake = new Set((evidence.nodes ?? []).filter(isFakeNode).map(({ metadata }) => metadata.name));
  return (evidence.pods ?? [])
    .filter(
      ({ ip, hostNetwork, deleting, phase }) =>
        !hostNetwork && !deleting && phase === "Running" && ip !== undefined && IPV4.test(ip),
    )
    .filter(({ ip, node }) => !ranges.some((range) => contains(range, ip!)) && !fake.has(node ?? ""))
    .map((pod): Cause => {
      const podCidr = evidence.nodes?.find(({ metadata }) => metadata.name === pod.node)?.spec?.podCIDR;
      const flannel = podCidr !== undefined && IPV4.test(podCidr) && contains(podCidr, pod.ip!);
      return {
        subject: podSubject(pod),
        cause:
          "the pod's address lies outside of Calico's pools: another CNI gave it, so Calico neither guards the pod nor keeps its source address",
        clues: [
          strong(`pod ${pod.name} has ${pod.ip}; IPPools: ${ranges.join(", ")}`),
          ...(flannel
            ? [strong(`${pod.ip} is of the podCIDR ${podCidr} of node ${pod.node}, where Flannel takes addresses from`)]
            : [hint(`started ${pod.startedAt ?? "?"}`)]),
          ...(isReady(pod) ? [] : [hint("the pod is not Ready")]),
        ],
        repeat: [
          evidence.kubectl("-n", pod.namespace, "get pod", pod.name, "-o wide"),
          evidence.kubectl(
            "get ippools.crd.projectcalico.org -o custom-columns=NAME:.metadata.name,CIDR:.spec.cidr,DISABLED:.spec.disabled",
          ),
        ],
        mend: `let Calico connect it anew: ${evidence.kubectl("-n", pod.namespace, "delete pod", pod.name)}; while Flannel is being left, its range must be a disabled pool (cni.leaving: flannel)`,
      };
    });
}

const OUTSIDE = /not within the platform's configured pod network/;

function poolOutside(evidence: Evidence): Cause[] {
  const { clusterCidr, pools = [], tigera = [] } = evidence;
  const said = tigera
    .map((status) => ({ name: status.metadata.name, degraded: conditionOf(status, "Degraded") }))
    .find(({ degraded }) => degraded?.status === "True" && OUTSIDE.test(degraded.message ?? ""));
  const declared = (evidence.installation?.spec?.calicoNetwork?.ipPools ?? []).flatMap(({ cidr }) => cidr ?? []);
  const ranges = [
    ...new Set([...pools.flatMap(({ spec }) => (spec?.disabled === true ? [] : (spec?.cidr ?? []))), ...declared]),
  ];
  const outside =
    clusterCidr === undefined ? [] : ranges.filter((cidr) => IPV4.test(cidr) && !contains(clusterCidr, cidr));
  if (outside.length === 0 && said === undefined) return [];
  return [
    {
      subject: { kind: "cluster", name: "cluster" },
      cause:
        "an address pool lies outside of the cluster's pod range, so kube-proxy and the operator do not take its addresses for pods",
      clues: [
        ...(outside.length > 0 ? [proof(`pool ${outside.join(", ")}; the cluster CIDR is ${clusterCidr}`)] : []),
        ...(said === undefined ? [] : [proof(`TigeraStatus ${said.name}: ${said.degraded?.message ?? ""}`)]),
      ],
      repeat: [
        evidence.kubectl(
          "get ippools.crd.projectcalico.org -o custom-columns=NAME:.metadata.name,CIDR:.spec.cidr,DISABLED:.spec.disabled",
        ),
        evidence.kubectl("get nodes -o custom-columns=NAME:.metadata.name,PODCIDR:.spec.podCIDR"),
      ],
      mend: `set calico.pool.cidr to a part of network.clusterCidr ${clusterCidr ?? ""}, then pulumi up -s ${evidence.subject.stack}; pods take addresses of the new pool when they are recreated`,
    },
  ];
}

export const ADDRESS_RULES: readonly Rule[] = [
  {
    id: "pod-address-outside-pools",
    reach: "network",
    title: "a pod's address lies outside of Calico's pools",
    notWhen:
      "a disabled pool holds it (a CNI is being left), the pod is on its node's network or simulated, or there is no pool at all",
    judge: outsidePools,
  },
  {
    id: "pool-outside-cluster-cidr",
    reach: "network",
    title: "an address pool lies outside of the cluster CIDR",
    notWhen: "the pool is a part of the cluster CIDR, or is disabled",
    judge: poolOutside,
  },
];
