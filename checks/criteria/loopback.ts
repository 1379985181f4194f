/**
 * Success criterion (a): what a container beside MLServer reaches on 127.0.0.1 in every Seldon server pod.
 *
 * The criterion as first written down, `curl 127.0.0.1:9500/v2/health`, can never answer 200; the note says why.
 */
import type { Check, Expectation } from "../check";
import { podLines } from "../cluster/pod-evidence";
import type { Pod } from "../cluster/objects";
import { quote, type CheckContext } from "../context";
import type { ProbeFailure } from "../probes/probe-result";
import { fail, type Outcome, pass, skipped } from "../verdict";
import { CLUSTER_IDENTITY } from "./cluster-identity";
import { kubeletReaches, notYetBecause, portState } from "./port-state";
import { type ServerPod, serverPods } from "./server-pods";
import { SERVER_PORTS, type ServerPort } from "./server-ports";

export const CURL_NOTE =
  "`curl http://127.0.0.1:9500/v2/health`, as the criterion was first written down, can never answer 200: 9500 speaks " +
  "gRPC and not HTTP/1.1, /v2/health is no route of MLServer (there are /v2/health/live and /v2/health/ready, on 9000), " +
  "and the agent's image has no curl. Asked instead: GET 127.0.0.1:9000/v2/health/ready, and gRPC ServerLive on 9500.";

/** One check a port, with one expectation a server pod. */
export const loopbackChecks = (context: CheckContext): Check[] =>
  SERVER_PORTS.map((row, index) => loopbackCheck(row, index === 0, context));

function loopbackCheck(row: ServerPort, first: boolean, context: CheckContext): Check {
  return {
    id: row.id,
    title: row.title,
    proves: row.proves,
    needs: [CLUSTER_IDENTITY],
    ...(first ? { note: CURL_NOTE } : {}),
    expectations: async (signal) => (await serverPods(context, signal)).map((pod) => expectationOf(row, pod, context)),
  };
}

function expectationOf(row: ServerPort, { namespace, name, pod }: ServerPod, context: CheckContext): Expectation {
  const forward = context.kubectl("-n", namespace, "port-forward", `pod/${quote(name)}`, `${row.port}:${row.port}`);
  return {
    target: `${namespace}/${name}:${row.port}`,
    expected: row.expected,
    repeat: `${forward} & sleep 1; ${row.byHand}; kill $!`,
    probe: async (signal) => {
      if (pod === undefined) return missing(namespace, name, context);
      const simulation = await context.snapshot.simulation(signal);
      const simulated = simulation.isSimulated(pod);
      if (simulated && !simulation.forwardsPort(pod, row.port)) {
        return skipped(`the pod is simulated by KWOK: no process stands behind port ${row.port}`);
      }
      if (pod.status?.phase !== "Running") return notRunning(pod, namespace, context);
      const answer = await row.ask(context, { namespace, pod: name, port: row.port }, signal);
      const note = simulated ? realBehindSimulated(namespace, name) : {};
      if ("kind" in answer) return { ...refusal(row, answer, pod, namespace, context), ...note };
      if (answer.ok) return pass(answer.text, note);
      const fix = context.kubectl("-n", namespace, "logs", quote(name), "-c", row.container, "--tail 50");
      return fail(`${answer.text} (not ready yet)`, { evidence: podLines(pod), fix, ...note });
    },
  };
}

const realBehindSimulated = (namespace: string, name: string): { note: string } => ({
  note: `${namespace}/${name} is simulated by KWOK, but a real process stands behind its forwarded ports and was probed.`,
});

function missing(namespace: string, name: string, context: CheckContext): Outcome {
  return fail("there is no such pod", {
    fix: context.kubectl("-n", namespace, "describe", "statefulset", name.replace(/-\d+$/, "")),
  });
}

function notRunning(pod: Pod, namespace: string, context: CheckContext): Outcome {
  return fail(`the pod is ${pod.status?.phase ?? "without status"}, so nothing can listen`, {
    evidence: podLines(pod),
    fix: context.kubectl("-n", namespace, "describe", "pod", quote(pod.metadata.name)),
  });
}

/** A failed probe next to what Kubernetes knows of the container, which is mostly the cause. */
function refusal(row: ServerPort, failure: ProbeFailure, pod: Pod, namespace: string, context: CheckContext): Outcome {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === row.container);
  const crashed = (status?.restartCount ?? 0) > 0 ? ["--previous"] : [];
  const fix = context.kubectl(
    "-n",
    namespace,
    "logs",
    quote(pod.metadata.name),
    "-c",
    row.container,
    "--tail 50",
    ...crashed,
  );
  return fail(whatItMeans(row, failure, pod), { evidence: podLines(pod), fix });
}

/** The failure in the words that tell its cause. "Nothing listens" is what the failure says itself. */
function whatItMeans({ port, container }: ServerPort, failure: ProbeFailure, pod: Pod): string {
  const kubelet = kubeletReaches(pod, container, port);
  const notYet = notYetBecause(pod, container);
  const state = portState({ loopback: failure.kind, kubelet, ...(notYet === undefined ? {} : { notYet }) });
  if (state === "listens elsewhere") {
    return `listens elsewhere: 127.0.0.1:${port} refuses, while the kubelet reaches ${pod.status?.podIP ?? "the pod's address"}:${port} (container ${container} is ready)`;
  }
  return state === "not ready yet" ? `not ready yet: ${notYet}; ${failure.detail}` : failure.detail;
}
