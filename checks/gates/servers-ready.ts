/** Every declared inference Server runs with all its replicas, and the operator agrees. */
import type { Check } from "../check";
import { type Conditioned, conditionOf, showCondition } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import { quote, type CheckContext } from "../context";
import { SELDON_CRDS, seldonCrds } from "../criteria/seldon-crds";
import { fail, pass } from "../verdict";
import { workloadExpectation } from "./workload";

export const serversReady = (context: CheckContext): Check[] => [
  seldonCrds(context),
  serverWorkloads(context),
  serverConditions(context),
];

function serverWorkloads(context: CheckContext): Check {
  return {
    id: "server-workloads",
    title: "The inference servers run",
    proves: "the StatefulSet of every declared Server has all its replicas ready",
    needs: [SELDON_CRDS],
    expectations: () =>
      context.subject.servers.map(({ namespace, name, replicas, maxReplicas }) =>
        workloadExpectation(
          context,
          namespace,
          { kind: "StatefulSet", name },
          { least: replicas, most: maxReplicas ?? replicas },
        ),
      ),
  };
}

/** The status' own `replicas` only echoes the spec, so it is the workload that counts; this is the second half. */
function serverConditions(context: CheckContext): Check {
  return {
    id: "server-conditions",
    title: "The Servers are Ready",
    proves: "the operator reports every Server ready, so it reached the scheduler with it",
    needs: ["server-workloads"],
    expectations: () =>
      context.subject.servers.map(({ namespace, name }) => ({
        target: `Server ${namespace}/${name}`,
        expected: "Ready=True",
        repeat: context.kubectl("-n", namespace, "get server", quote(name), "-o yaml"),
        probe: async (signal) => {
          const fix = context.kubectl("-n", namespace, "describe server", quote(name));
          const server = await context.api.find<Conditioned>(`${PATHS.servers(namespace)}/${name}`, signal);
          if (server === undefined) return fail("there is no such Server", { fix });
          const actual = showCondition("Ready", conditionOf(server, "Ready"));
          if (conditionOf(server, "Ready")?.status === "True") return pass(actual);
          const evidence = (server.status?.conditions ?? []).map((one) => showCondition(one.type, one));
          return fail(actual, { evidence, fix });
        },
      })),
  };
}
