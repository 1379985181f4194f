import { footprintOf, type Footprint, largestContainer } from "../footprint";
import { quantityValue } from "../quantity";
import { operatorNamespace, type Runtime, runtimesOf } from "../runtimes";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

type Quota = NonNullable<Runtime["quota"]>;

/** How a sum is compared with the quota's key, and written. */
const MEASURES: readonly {
  readonly key: Exclude<keyof Quota, "publishedServices">;
  readonly of: (footprint: Footprint) => number;
  readonly show: (sum: number) => string;
}[] = [
  { key: "cpu", of: ({ cpu }) => cpu, show: (sum) => `${Math.ceil(sum * 1000)}m` },
  { key: "memory", of: ({ memory }) => memory, show: (sum) => `${Math.ceil(sum / 2 ** 20)}Mi` },
  { key: "pods", of: ({ pods }) => pods, show: String },
  { key: "storage", of: ({ storage }) => storage, show: (sum) => `${Math.ceil(sum / 2 ** 20)}Mi` },
  { key: "volumeClaims", of: ({ volumeClaims }) => volumeClaims, show: String },
];

const amount = (value: string | number): number => (typeof value === "number" ? value : quantityValue(value));

/** Where a runtime's quota stands: its own path, or `seldon` for a tenant that takes over the stack's. */
const pathOf = ({ seldon }: StackConfig, runtime: Runtime, key: "quota" | "limits" | "podSecurity"): string => {
  const index = seldon.tenants.findIndex(({ namespace }) => namespace === runtime.namespace);
  return index >= 0 && seldon.tenants[index]?.[key] !== undefined ? `seldon.tenants[${index}].${key}` : `seldon.${key}`;
};

/** What a namespace may hold, and what the stack puts into it. */
export const TENANT_RULES: readonly Rule[] = [
  {
    id: "seldon.quota-too-small",
    *check(config) {
      for (const runtime of runtimesOf(config)) {
        const { quota, namespace } = runtime;
        if (quota === undefined) continue;
        const footprint = footprintOf(runtime, config);
        for (const { key, of, show } of MEASURES) {
          const limit = quota[key];
          const asked = of(footprint);
          if (limit === undefined || asked <= amount(limit)) continue;
          yield {
            path: `${pathOf(config, runtime, "quota")}.${key}`,
            problem: `is less than what the stack itself runs in ${namespace}: its last pods would never be made`,
            got: limit,
            allowed: `${show(asked)} or more`,
            fix: "raise it, or run fewer or smaller servers there",
          };
        }
      }
    },
  },
  {
    id: "seldon.limit-too-small",
    *check(config) {
      for (const runtime of runtimesOf(config)) {
        const limit = runtime.limits?.maxMemory;
        if (limit === undefined) continue;
        const largest = largestContainer(runtime, config);
        if (quantityValue(largest.memory) <= quantityValue(limit)) continue;
        yield {
          path: `${pathOf(config, runtime, "limits")}.maxMemory`,
          problem: `is less than ${largest.what} has in ${runtime.namespace}: its pods would never be made`,
          got: limit,
          allowed: `${largest.memory} or more`,
          fix: "raise it, or make the container smaller",
        };
      }
    },
  },
  {
    id: "seldon.limit-default-too-large",
    *check(config) {
      for (const runtime of runtimesOf(config)) {
        const { limits } = runtime;
        if (limits?.maxMemory === undefined || quantityValue(limits.defaultMemory) <= quantityValue(limits.maxMemory))
          continue;
        yield {
          path: `${pathOf(config, runtime, "limits")}.defaultMemory`,
          problem: `is more than maxMemory ${limits.maxMemory}, which the API server refuses`,
          got: limits.defaultMemory,
          allowed: `at most ${limits.maxMemory}`,
          fix: "lower it",
        };
      }
    },
  },
  {
    id: "seldon.restricted-operator",
    *check(config) {
      const runtime = runtimesOf(config).find(({ namespace }) => namespace === operatorNamespace(config));
      if (runtime?.podSecurity !== "restricted") return;
      yield {
        path: pathOf(config, runtime, "podSecurity"),
        problem: "is more than the operator's pod keeps to: its chart does not drop the container's capabilities",
        got: "restricted",
        allowed: "baseline or privileged where the operator runs",
        fix: "give the operator a namespace of its own: set seldon.operatorNamespace, for example to seldon-system",
      };
    },
  },
];
