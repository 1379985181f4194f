import { SERVER_CAPABILITIES } from "../compatibility";
import { runtimeNamespaces } from "../derive";
import { quantityValue } from "../quantity";
import type { SeldonServer, StackConfig } from "../schema";
import type { Rule } from "./rule";

/** Names of the runtime's own workloads and Services (seldon-core v2.10.2, seldonconfig_types.go and the setup chart). */
const RUNTIME_NAMES = [
  "hodometer",
  "seldon-dataflow-engine",
  "seldon-envoy",
  "seldon-mesh",
  "seldon-modelgateway",
  "seldon-pipelinegateway",
  "seldon-scheduler",
  "seldon-v2-controller-manager",
];

/** Namespaces that belong to Kubernetes or to Calico. */
const FOREIGN_NAMESPACES = ["default", "tigera-operator", "calico-system", "calico-apiserver"];

/**
 * A StatefulSet's pods carry `<name>-<hash of 10>` in the label controller-revision-hash, which holds 63 characters;
 * with a longer name no pod is ever made (kubernetes/kubernetes#64023).
 */
const LONGEST_SERVER_NAME = 52;

const BYTE_UNIT = /[KMGT]i$|[MGT]$|k$/;

const offers = (server: SeldonServer): readonly string[] => [
  ...SERVER_CAPABILITIES[server.config],
  ...server.capabilities,
];

/** Servers that run and offer all that the smoke model asks for. */
const fitting = ({ seldon }: StackConfig): SeldonServer[] =>
  seldon.servers.filter(
    (server) =>
      server.replicas > 0 &&
      seldon.smokeModel.requirements.every((requirement) => offers(server).includes(requirement)),
  );

/** Runtimes, servers and the smoke model. */
export const SELDON_RULES: readonly Rule[] = [
  {
    id: "seldon.tenant-repeated",
    *check(config) {
      const namespaces = runtimeNamespaces(config);
      for (const [index, namespace] of namespaces.entries()) {
        const first = namespaces.indexOf(namespace);
        if (first === index) continue;
        yield {
          path: `seldon.tenants[${index - 1}]`,
          problem: `is also ${first === 0 ? "seldon.namespace" : `seldon.tenants[${first - 1}]`}: a namespace has one runtime`,
          got: namespace,
          allowed: "each namespace once",
          fix: "remove it; seldon.namespace has its runtime without being listed",
        };
      }
    },
  },
  {
    id: "seldon.namespace-reserved",
    *check(config) {
      for (const [index, namespace] of runtimeNamespaces(config).entries()) {
        if (!namespace.startsWith("kube-") && !FOREIGN_NAMESPACES.includes(namespace)) continue;
        yield {
          path: index === 0 ? "seldon.namespace" : `seldon.tenants[${index - 1}]`,
          problem: "belongs to the cluster: the default deny would cut its own pods off",
          got: namespace,
          allowed: `any namespace but kube-*, ${FOREIGN_NAMESPACES.join(", ")}`,
          fix: "use a namespace of its own",
        };
      }
    },
  },
  {
    id: "seldon.server-repeated",
    *check({ seldon }) {
      const names = seldon.servers.map((server) => server.name);
      for (const [index, name] of names.entries()) {
        const first = names.indexOf(name);
        if (first === index) continue;
        yield {
          path: `seldon.servers[${index}].name`,
          problem: `is also that of seldon.servers[${first}]`,
          got: name,
          allowed: "one Server of a name",
          fix: "rename one, or raise the replicas of the other",
        };
      }
    },
  },
  {
    id: "seldon.server-name-taken",
    *check({ seldon }) {
      for (const [index, { name }] of seldon.servers.entries()) {
        if (!RUNTIME_NAMES.includes(name)) continue;
        yield {
          path: `seldon.servers[${index}].name`,
          problem: "is the name of one of the runtime's own workloads: both would own the same StatefulSet or Service",
          got: name,
          allowed: `any name but ${RUNTIME_NAMES.join(", ")}`,
          fix: "rename the server, for example to mlserver",
        };
      }
    },
  },
  {
    id: "seldon.server-name-too-long",
    *check({ seldon }) {
      for (const [index, { name }] of seldon.servers.entries()) {
        if (name.length <= LONGEST_SERVER_NAME) continue;
        yield {
          path: `seldon.servers[${index}].name`,
          problem: "is too long for a StatefulSet: its pods' label controller-revision-hash would not fit",
          got: name,
          allowed: `at most ${LONGEST_SERVER_NAME} characters`,
          fix: "shorten it",
        };
      }
    },
  },
  {
    id: "seldon.server-memory",
    *check({ seldon }) {
      for (const [index, { memory }] of seldon.servers.entries()) {
        if (quantityValue(memory) >= 2 ** 20) continue;
        yield {
          path: `seldon.servers[${index}].memory`,
          problem: "is less than one mebibyte: the container would be killed at once",
          got: memory,
          allowed: "bytes with a unit, such as 1Gi",
          fix: memory.endsWith("m") ? "m means a thousandth; write Mi" : "add the unit",
        };
      }
    },
  },
  {
    id: "seldon.server-cpu-unit",
    *check({ seldon }) {
      for (const [index, { cpu }] of seldon.servers.entries()) {
        if (!BYTE_UNIT.test(cpu)) continue;
        yield {
          path: `seldon.servers[${index}].cpu`,
          problem: "has a unit of memory",
          got: cpu,
          allowed: "cores (2, 0.5) or thousandths of a core (500m)",
          fix: "write cores, such as 500m",
        };
      }
    },
  },
  {
    id: "seldon.capability-form",
    *check({ seldon }) {
      for (const [index, { capabilities }] of seldon.servers.entries()) {
        for (const [at, capability] of capabilities.entries()) {
          if (/^[^\s,]+$/.test(capability)) continue;
          yield {
            path: `seldon.servers[${index}].capabilities[${at}]`,
            problem: "has a comma or a blank; the agent reads capabilities from one comma-separated variable",
            got: capability,
            allowed: "one word an entry",
            fix: "write each capability as an entry of its own",
          };
        }
      }
    },
  },
  {
    id: "seldon.smoke-model-unserved",
    *check(config) {
      // No server at all is refused by the schema.
      if (config.seldon.servers.length === 0 || fitting(config).length > 0) return;
      const running = config.seldon.servers.filter((server) => server.replicas > 0);
      const offered = running.map((server) => `${server.name}: ${offers(server).join(", ")}`);
      yield {
        path: "seldon.smokeModel.requirements",
        problem: "are not offered together by any server with replicas, so the model could never be scheduled",
        got: config.seldon.smokeModel.requirements,
        allowed: offered.length === 0 ? "nothing: no server has replicas" : offered.join("; "),
        fix: "add a server that offers them, or its capabilities, or choose another model",
      };
    },
  },
  {
    id: "seldon.smoke-model-memory",
    *check(config) {
      const { memory } = config.seldon.smokeModel;
      const servers = fitting(config);
      if (servers.length === 0 || servers.some((server) => quantityValue(server.memory) >= quantityValue(memory)))
        return;
      yield {
        path: "seldon.smokeModel.memory",
        problem: "is more than any fitting server has, so the scheduler would never place the model",
        got: memory,
        allowed: servers.map((server) => `${server.name}: at most ${server.memory}`).join("; "),
        fix: "lower it, or give a server more memory",
      };
    },
  },
];
