/** The criteria about policies: probe pods run unseen, and each line of the truth table is as the flow table says. */
import { errorOf } from "../../config/thrown";
import type { Check, Expectation } from "../check";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { isDown } from "../probe-pods/pod-state";
import { fail, type FlowSide, pass, SkipError, skipped } from "../verdict";
import { judgeAllowed, judgeClosed, judgeKubelet } from "./judge";
import type { Row } from "./row";
import { isAllowed, rowsOf } from "./rows";
import type { Opened, ProbeSession } from "./session";
import { probedNamespaces } from "./sites";
import { type RowResult, runTable } from "./table";

export const PROBE_PODS = "probe-pods";
export const POLICY_TABLE = "policy-table";

/** Bounds in milliseconds: the pods' start has its own, shorter one; the table's repetitions come to 25 s at most. */
const PODS_MS = 120_000;
const TABLE_MS = 90_000;

/** Both checks of one run. */
export const policyChecks = (context: CheckContext, session: ProbeSession): Check[] => [
  probePods(context, session),
  policyTable(context, session),
];

function probePods(context: CheckContext, session: ProbeSession): Check {
  return {
    id: PROBE_PODS,
    title: "Probe pods run, and no Service leads to them",
    proves: "the CNI connects new pods on these nodes, and wearing a component's labels brings them no request",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: PODS_MS,
    expectations: async (signal) => {
      const opened = await session.open(signal);
      const { here, there } = opened.places;
      const nodes = there === undefined ? [here] : [here, there];
      return [...nodes.map((node) => podsOn(node, opened, context)), unseen(opened, session, context)];
    },
  };
}

function podsOn(node: string, { sites, pods, removed, others }: Opened, context: CheckContext): Expectation {
  const own = sites.filter((site) => site.node === node).map(({ key }) => pods.get(key)!);
  return {
    target: `${own.length} probe pods on ${node}`,
    expected: "each has an address and is reached by its kubelet",
    repeat: context.again(PROBE_PODS),
    probe: () => {
      const down = own.filter(isDown);
      const left =
        others.length === 0 ? {} : { note: `Probe pods of another run are left alone: ${others.join(", ")}.` };
      if (down.length === 0) {
        const gone = removed.length === 0 ? [] : [`removed what a killed run had left: ${removed.join(", ")}`];
        return Promise.resolve(pass("all of them", { evidence: gone, ...left }));
      }
      const lines = down.map(({ spec, name, problem }) => `${spec.namespace}/${name}: ${problem}`);
      return Promise.resolve(
        fail(`${down.length} are not: ${lines[0]}`, {
          evidence: [...lines.slice(1, 5), ...down.slice(0, 3).flatMap(({ evidence }) => evidence)],
          fix: `see that pods start on ${node} (${context.kubectl("describe node", node)}) and that the image can be had there (validation.probeImage, hosts.probeImage)`,
          ...left,
        }),
      );
    },
  };
}

function unseen(opened: Opened, session: ProbeSession, context: CheckContext): Expectation {
  return {
    target: "EndpointSlices",
    expected: "none calls a probe pod ready",
    repeat: context.kubectl("get endpointslices -A"),
    probe: async (signal) => {
      const exposed = await session.exposed(opened, signal);
      if (exposed.length === 0) return pass("none");
      return fail(`ready although their readiness gate is never true: ${exposed.join(", ")}`, {
        fix: `${context.kubectl("delete pods -A -l", "seldon-k3s/probe=policy")}, and see what sets their conditions`,
        final: true,
      });
    },
  };
}

function policyTable(context: CheckContext, session: ProbeSession): Check {
  return {
    id: POLICY_TABLE,
    title: "Pods reach each other as the flow table says, and not otherwise",
    proves: "every allow row lets its caller through with its own address, and every other caller is kept out",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: PODS_MS + TABLE_MS,
    ...noteOf(context),
    expectations: async (signal) => {
      if (context.subject.policy === undefined)
        throw new SkipError("no policies act in every namespace of the stack (policies.enabled, policies.enforce)");
      const opened = await session.open(signal);
      const { policy, sites, pods, parties, places } = opened;
      const rows = rowsOf(policy!, sites, parties);
      const results = await runTable(rows, { pods, ask: session.ask, pauseMs: session.pauseMs }, signal);
      const single = places.there === undefined ? [oneNode(places.here, context)] : [];
      return [...rows.map((row, index) => expectationOf(row, results[index]!, opened, context)), ...single];
    },
  };
}

/** Tenants beyond the probed ones are named, so that nobody takes them for proven. */
function noteOf({ subject }: CheckContext): { note?: string } {
  const probed = probedNamespaces(subject);
  const others = subject.namespaces.filter((namespace) => !probed.includes(namespace));
  if (others.length === 0) return {};
  return {
    note: `Policies were probed in ${probed.join(" and ")}; ${others.length} more runtime namespaces have the same ones and were not probed.`,
  };
}

function oneNode(node: string, context: CheckContext): Expectation {
  return {
    target: "across nodes",
    expected: "the same between pods of two nodes, source addresses included",
    repeat: context.again(POLICY_TABLE),
    probe: () => Promise.resolve(skipped(`${node} is the only node that can run a probe pod`)),
  };
}

/** `envoy (financial-ml)`. */
export const showSide = ({ endpoint, namespace }: FlowSide): string =>
  namespace === undefined ? endpoint : `${endpoint} (${namespace})`;

function expectationOf(row: Row, result: RowResult, { pods }: Opened, context: CheckContext): Expectation {
  const { from, to, port } = row;
  const allowed = isAllowed(row);
  const hasSource = typeof row.paths[0]?.to === "string";
  return {
    target: `${showSide(from)} -> ${showSide(to)}:${port}`,
    expected: !allowed ? "closed" : hasSource ? "accepted, with the caller's own address" : "accepted",
    repeat: context.again(POLICY_TABLE),
    flow: { from, to, port, allowed },
    probe: () => {
      if (row.reachedByKubelet !== undefined) {
        return Promise.resolve(judgeKubelet(row.reachedByKubelet.map((key) => pods.get(key)!)));
      }
      if ("skip" in result) return Promise.resolve(skipped(result.skip));
      if ("error" in result) return Promise.reject(errorOf(result.error));
      const namespace = to.namespace ?? from.namespace ?? context.subject.operatorNamespace;
      const words = { policies: context.kubectl("-n", namespace, "get networkpolicies -o yaml") };
      return Promise.resolve((allowed ? judgeAllowed : judgeClosed)(row, result.tried, words));
    },
  };
}
