import { SERVER_CAPABILITIES } from "../compatibility";
import { quantityValue } from "../quantity";
import { type Runtime, runtimesOf, serverLists, type SmokeModel } from "../runtimes";
import type { SeldonServer, StackConfig } from "../schema";
import type { Rule } from "./rule";
import { everyServer } from "./servers";

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

interface Proof {
  readonly runtime: Runtime;
  readonly model: SmokeModel;
  /** Servers that run and offer all that the model asks for. */
  readonly fitting: readonly SeldonServer[];
}

/** Every runtime that a small model proves. */
const proofs = (config: StackConfig): Proof[] =>
  runtimesOf(config).flatMap((runtime) => {
    const { smokeModel: model, servers } = runtime;
    if (model === undefined) return [];
    const fitting = servers.filter(
      (server) =>
        server.replicas > 0 && model.requirements.every((requirement) => offers(server).includes(requirement)),
    );
    return [{ runtime, model, fitting }];
  });

/** Path of the namespace's own key. */
const namespacePath = ({ path }: Runtime): string => `${path}.namespace`;

/** Runtimes, servers and the smoke model. */
export const SELDON_RULES: readonly Rule[] = [
  {
    id: "seldon.tenant-repeated",
    *check(config) {
      const runtimes = runtimesOf(config);
      for (const [index, runtime] of runtimes.entries()) {
        const { namespace } = runtime;
        const first = runtimes.findIndex((other) => other.namespace === namespace);
        if (first === index) continue;
        yield {
          path: namespacePath(runtime),
          problem: `is also ${namespacePath(runtimes[first]!)}: a namespace has one runtime`,
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
      const home = config.seldon.operatorNamespace;
      const named = [
        ...runtimesOf(config).map((runtime) => ({ path: namespacePath(runtime), namespace: runtime.namespace })),
        ...(home === undefined ? [] : [{ path: "seldon.operatorNamespace", namespace: home }]),
      ];
      for (const { path, namespace } of named) {
        if (!namespace.startsWith("kube-") && !FOREIGN_NAMESPACES.includes(namespace)) continue;
        yield {
          path,
          problem: "belongs to the cluster: the default deny would cut its own pods off",
          got: namespace,
          allowed: `any namespace but kube-*, ${FOREIGN_NAMESPACES.join(", ")}`,
          fix: "use a namespace of its own",
        };
      }
    },
  },
  {
    id: "seldon.operator-with-tenant",
    *check({ seldon }) {
      const at = seldon.tenants.findIndex(({ namespace }) => namespace === seldon.operatorNamespace);
      if (at === -1) return;
      yield {
        path: "seldon.operatorNamespace",
        problem: `is seldon.tenants[${at}].namespace: whoever may change objects there could change every runtime`,
        got: seldon.operatorNamespace,
        allowed: "seldon.namespace, or a namespace without a runtime",
        fix: "give the operator a namespace of its own, such as seldon-system",
      };
    },
  },
  {
    id: "seldon.server-repeated",
    *check(config) {
      for (const { path, servers } of serverLists(config)) {
        const names = servers.map((server) => server.name);
        for (const [index, name] of names.entries()) {
          const first = names.indexOf(name);
          if (first === index) continue;
          yield {
            path: `${path}[${index}].name`,
            problem: `is also that of ${path}[${first}]`,
            got: name,
            allowed: "one Server of a name",
            fix: "rename one, or raise the replicas of the other",
          };
        }
      }
    },
  },
  {
    id: "seldon.server-name-taken",
    *check(config) {
      for (const { path, server } of everyServer(config)) {
        const { name } = server;
        if (!RUNTIME_NAMES.includes(name)) continue;
        yield {
          path: `${path}.name`,
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
    *check(config) {
      for (const { path, server } of everyServer(config)) {
        const { name } = server;
        if (name.length <= LONGEST_SERVER_NAME) continue;
        yield {
          path: `${path}.name`,
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
    *check(config) {
      for (const { path, server } of everyServer(config)) {
        const { memory } = server;
        if (quantityValue(memory) >= 2 ** 20) continue;
        yield {
          path: `${path}.memory`,
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
    *check(config) {
      for (const { path, server } of everyServer(config)) {
        const { cpu } = server;
        if (!BYTE_UNIT.test(cpu)) continue;
        yield {
          path: `${path}.cpu`,
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
    *check(config) {
      for (const { path, server } of everyServer(config)) {
        for (const [at, capability] of server.capabilities.entries()) {
          if (/^[^\s,]+$/.test(capability)) continue;
          yield {
            path: `${path}.capabilities[${at}]`,
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
      for (const { runtime, model, fitting } of proofs(config)) {
        const { servers } = runtime;
        // No server at all is refused by the schema.
        if (servers.length === 0 || fitting.length > 0) continue;
        const running = servers.filter((server) => server.replicas > 0);
        const offered = running.map((server) => `${server.name}: ${offers(server).join(", ")}`);
        yield {
          path: `${runtime.path}.smokeModel.requirements`,
          problem: "are not offered together by any server with replicas, so the model could never be scheduled",
          got: model.requirements,
          allowed: offered.length === 0 ? "nothing: no server has replicas" : offered.join("; "),
          fix: "add a server that offers them, or its capabilities, or choose another model",
        };
      }
    },
  },
  {
    id: "seldon.smoke-model-memory",
    *check(config) {
      for (const { runtime, model, fitting } of proofs(config)) {
        const { memory } = model;
        const holds = (server: SeldonServer): boolean => quantityValue(server.memory) >= quantityValue(memory);
        if (fitting.length === 0 || fitting.some(holds)) continue;
        yield {
          path: `${runtime.path}.smokeModel.memory`,
          problem: "is more than any fitting server has, so the scheduler would never place the model",
          got: memory,
          allowed: fitting.map((server) => `${server.name}: at most ${server.memory}`).join("; "),
          fix: "lower it, or give a server more memory",
        };
      }
    },
  },
];
