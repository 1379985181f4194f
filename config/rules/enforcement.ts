import { overlaps } from "../cidr";
import { seldonNamespaces } from "../runtimes";
import type { StackConfig } from "../schema";
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM } from "./labels";
import type { Rule } from "./rule";

const TIERS = ["platform", "security", "application"] as const;

/** Tiers that somebody else makes: adminnetworkpolicy (3.31) and kube-admin (3.32). */
const KUBE_ADMIN_ORDER = 1000;

/** What only Calico can do, with the way to say it without Calico. */
function calicoOnly({ policies }: StackConfig): { path: string; got: unknown; instead: string }[] {
  const { tiers, clusterDefaultDeny, storage } = policies;
  return [
    ...TIERS.filter((name) => tiers[name] !== undefined).map((name) => ({
      path: `policies.tiers.${name}`,
      got: tiers[name],
      instead: "remove it: K3s' own controller knows no tiers",
    })),
    ...(clusterDefaultDeny === undefined
      ? []
      : [
          {
            path: "policies.clusterDefaultDeny",
            got: clusterDefaultDeny,
            instead: "remove it; the namespaces of this stack have a default deny of their own",
          },
        ]),
    ...(storage.sets.length === 0
      ? []
      : [
          {
            path: "policies.storage.sets",
            got: storage.sets.map(({ name }) => name),
            instead: "write the addresses into policies.storage.cidrs: a Kubernetes policy knows ranges only",
          },
        ]),
  ];
}

/** Whether policies act, in which tiers they are, and what of it the CNI can do. */
export const ENFORCEMENT_RULES: readonly Rule[] = [
  {
    id: "policies.needs-calico",
    *check(config) {
      if (config.cni.provider === "calico") return;
      for (const { path, got, instead } of calicoOnly(config)) {
        yield {
          path,
          problem: "needs Calico, and this stack runs Flannel",
          got,
          allowed: "only with cni.provider calico",
          fix: instead,
        };
      }
    },
  },
  {
    id: "policies.acts-while-leaving",
    *check({ cni, policies }) {
      if (cni.provider !== "calico" || cni.leaving === undefined) return;
      const problem =
        "would act on the nodes that have changed to Calico only: those still on Flannel know nothing of it";
      const fix = "set it after the change, when cni.leaving is gone";
      if (policies.clusterDefaultDeny?.enforce === true) {
        yield {
          path: "policies.clusterDefaultDeny.enforce",
          problem,
          got: true,
          allowed: "false, which stages it",
          fix,
        };
      }
      if (policies.storage.sets.length > 0) {
        const got = policies.storage.sets.map(({ name }) => name);
        yield { path: "policies.storage.sets", problem, got, allowed: "policies.storage.cidrs", fix };
      }
    },
  },
  {
    id: "policies.options-while-disabled",
    *check({ policies }) {
      if (policies.enabled) return;
      const { enforce, clusterDefaultDeny } = policies;
      const set = [
        ...(enforce === undefined ? [] : [["policies.enforce", enforce] as const]),
        ...(clusterDefaultDeny === undefined ? [] : [["policies.clusterDefaultDeny", clusterDefaultDeny] as const]),
        ...TIERS.flatMap((name) =>
          policies.tiers[name] === undefined ? [] : [[`policies.tiers.${name}`, policies.tiers[name]] as const],
        ),
      ];
      for (const [path, got] of set) {
        yield {
          path,
          problem: "has no effect, because policies.enabled is false",
          got,
          allowed: "only with policies.enabled true",
          fix: "remove it, or enable the policies",
        };
      }
    },
  },
  {
    id: "policies.tier-order",
    *check({ policies }) {
      const orders = TIERS.flatMap((name) => {
        const tier = policies.tiers[name];
        return tier === undefined ? [] : [{ name, order: tier.order }];
      });
      for (const [index, { name, order }] of orders.entries()) {
        const first = orders.findIndex((other) => other.order === order);
        if (first === index && order !== KUBE_ADMIN_ORDER) continue;
        yield {
          path: `policies.tiers.${name}.order`,
          problem:
            order === KUBE_ADMIN_ORDER
              ? "is that of the tier for administrators' policies of Kubernetes: their names would decide which comes first"
              : `is also that of the tier ${orders[first]!.name}: their names would decide which comes first`,
          got: order,
          allowed: `101 to 999999 but ${KUBE_ADMIN_ORDER}, each once`,
          fix: "give each tier an order of its own",
        };
      }
    },
  },
  {
    id: "policies.taken-over-unknown",
    *check(config) {
      const ours = seldonNamespaces(config);
      for (const [index, name] of config.policies.takenOver.entries()) {
        if (ours.includes(name)) continue;
        yield {
          path: `policies.takenOver[${index}]`,
          problem: "is no namespace of this stack, so it has no policies of ours",
          got: name,
          allowed: ours.join(", "),
          fix: "correct it, or remove it",
        };
      }
    },
  },
  {
    id: "policies.set-in-cluster",
    *check({ network, policies }) {
      const own = [network.clusterCidr, network.serviceCidr, ...network.nodeCidrs];
      for (const [index, { cidrs }] of policies.storage.sets.entries()) {
        for (const [at, cidr] of cidrs.entries()) {
          const range = own.find((one) => overlaps(one, cidr));
          if (range === undefined) continue;
          yield {
            path: `policies.storage.sets[${index}].cidrs[${at}]`,
            problem: `overlaps ${range} of the cluster: the set would open pods, Services or nodes`,
            got: cidr,
            allowed: "addresses outside the cluster",
            fix: "name storage inside the cluster by policies.storage.service",
          };
        }
      }
    },
  },
  {
    id: "policies.set-repeated",
    *check({ policies }) {
      const names = policies.storage.sets.map(({ name }) => name);
      for (const [index, name] of names.entries()) {
        const first = names.indexOf(name);
        if (first === index) continue;
        yield {
          path: `policies.storage.sets[${index}].name`,
          problem: `is also that of policies.storage.sets[${first}]`,
          got: name,
          allowed: "each name once",
          fix: "rename it, or put the addresses into one set",
        };
      }
    },
  },
  {
    id: "policies.storage-service-labels",
    *check({ policies }) {
      for (const [key, value] of Object.entries(policies.storage.service?.podLabels ?? {})) {
        if (isLabelKey(key) && isLabelValue(value)) continue;
        yield {
          path: `policies.storage.service.podLabels[${JSON.stringify(key)}]`,
          problem: "is no label that a pod can have",
          got: value,
          allowed: `key: ${LABEL_KEY_FORM}; value: ${LABEL_VALUE_FORM}`,
          fix: "copy the Service's selector (kubectl get service -o wide)",
        };
      }
    },
  },
];
