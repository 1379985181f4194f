import { quantityValue } from "../quantity";
import { anyAutoscaling, serverLists } from "../runtimes";
import type { SeldonServer, StackConfig } from "../schema";
import type { Rule } from "./rule";

/** Every declared server with its path, those that tenants take over from `seldon.servers` once. */
export const everyServer = (config: StackConfig): { readonly path: string; readonly server: SeldonServer }[] =>
  serverLists(config).flatMap(({ path, servers }) =>
    servers.map((server, index) => ({ path: `${path}[${index}]`, server })),
  );

/** Folders of the rclone container that are its own. */
const OWN_FOLDERS = ["/mnt/agent", "/rclone"];

/** Numbers of pods, agents, and volumes with models. */
export const SERVER_RULES: readonly Rule[] = [
  {
    id: "seldon.autoscaling-bounds",
    *check(config) {
      for (const { path, server } of everyServer(config)) {
        const { autoscaling } = server;
        if (autoscaling === undefined || autoscaling.minReplicas < autoscaling.maxReplicas) continue;
        yield {
          path: `${path}.autoscaling.maxReplicas`,
          problem: `is not more than minReplicas ${autoscaling.minReplicas}, so nothing could be scaled`,
          got: autoscaling.maxReplicas,
          allowed: `${autoscaling.minReplicas + 1} or more`,
          fix: "raise it, or remove autoscaling and set replicas",
        };
      }
    },
  },
  {
    id: "seldon.autoscaling-of-nothing",
    *check(config) {
      if (!anyAutoscaling(config)) return;
      for (const { path, server } of everyServer(config)) {
        if (server.autoscaling !== undefined || server.replicas > 0) continue;
        yield {
          path: `${path}.replicas`,
          problem: "is 0 while another server is scaled: the operator takes 0 for no upper bound, and would start pods",
          got: 0,
          allowed: "1 or more, or no such server",
          fix: "remove the server, give it replicas, or remove autoscaling from the others",
        };
      }
    },
  },
  {
    id: "seldon.parallel-workers-version",
    *check({ seldon }) {
      const { version, mlserver } = seldon;
      if (version !== "2.9.1" || mlserver.parallelWorkers === 1) return;
      yield {
        path: "seldon.mlserver.parallelWorkers",
        problem: "is not read by the charts of 2.9.1, which fix it at 1",
        got: mlserver.parallelWorkers,
        allowed: "1 with seldon.version 2.9.1",
        fix: "remove it, or set seldon.version to 2.10.2",
      };
    },
  },
  {
    id: "seldon.agent-memory",
    *check({ seldon }) {
      const { memory } = seldon.agent;
      if (quantityValue(memory) >= 2 ** 26) return;
      yield {
        path: "seldon.agent.memory",
        problem: "is less than an agent needs to start",
        got: memory,
        allowed: "64Mi or more",
        fix: memory.endsWith("m") ? "m means a thousandth; write Mi" : "use 1Gi, the chart's own value",
      };
    },
  },
  {
    id: "seldon.model-volume-path",
    *check(config) {
      for (const { path, server } of everyServer(config)) {
        const at = server.modelVolume?.path;
        const folder = OWN_FOLDERS.find((own) => at === own || at?.startsWith(`${own}/`));
        if (at === undefined || folder === undefined) continue;
        yield {
          path: `${path}.modelVolume.path`,
          problem: `lies in ${folder}, which is rclone's own: the volume would hide it`,
          got: at,
          allowed: `any path outside ${OWN_FOLDERS.join(" and ")}`,
          fix: "use /var/models",
        };
      }
    },
  },
];
