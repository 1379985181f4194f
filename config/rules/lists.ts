import { serverLists } from "../runtimes";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

type List = readonly [path: string, values: readonly (string | number)[]];

/** Lists in which an entry can stand once only. */
function uniqueLists({ cluster, k3s, network, seldon, policies }: StackConfig): List[] {
  return [
    ["cluster.tlsSans", cluster.tlsSans],
    ["k3s.disable", k3s.disable],
    ["network.nodeCidrs", network.nodeCidrs],
    ["seldon.smokeModel.requirements", seldon.smokeModel.requirements],
    ["seldon.kafka.cidrs", seldon.kafka?.cidrs ?? []],
    ...serverLists({ seldon }).flatMap(({ path, servers }) =>
      servers.map((server, index): List => [`${path}[${index}].capabilities`, server.capabilities]),
    ),
    ["policies.storage.cidrs", policies.storage.cidrs ?? []],
    ["policies.takenOver", policies.takenOver],
    ["policies.clusterDefaultDeny.exempt", policies.clusterDefaultDeny?.exempt ?? []],
    ["policies.storage.ports", policies.storage.ports],
  ];
}

/** Slips that any list can have. */
export const LIST_RULES: readonly Rule[] = [
  {
    id: "lists.repeated-entry",
    *check(config) {
      for (const [path, values] of uniqueLists(config)) {
        for (const [index, value] of values.entries()) {
          const first = values.indexOf(value);
          if (first === index) continue;
          yield {
            path: `${path}[${index}]`,
            problem: `repeats ${path}[${first}]`,
            got: value,
            allowed: "each entry once",
            fix: "remove it, or correct what was meant",
          };
        }
      }
    },
  },
];
