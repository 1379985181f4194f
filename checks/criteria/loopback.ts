/**
 * Success criterion (a): what a container beside MLServer reaches on 127.0.0.1 in every Seldon server pod.
 *
 * The criterion as first written down, `curl 127.0.0.1:9500/v2/health`, can never answer 200; the note says why. Ports
 * and paths: Seldon Core 2.10.2 (`operator/config/serverconfigs/mlserver.yaml`, `readyservice/server.go`), MLServer
 * 1.7.1 (`mlserver/rest/app.py`).
 */
import { PORTS } from "../../components/network-policies/ports";
import type { Check, Expectation } from "../check";
import { podLines } from "../cluster/pod-evidence";
import type { Pod } from "../cluster/objects";
import { quote, type CheckContext } from "../context";
import { serverLiveProbe } from "../probes/grpc";
import { httpProbe, type HttpRequest } from "../probes/http";
import type { PortForwardTarget } from "../probes/port-forward";
import type { ProbeFailure } from "../probes/probe-result";
import { fail, type Outcome, pass, skipped } from "../verdict";
import { CLUSTER_IDENTITY } from "./cluster-identity";
import { type ServerPod, serverPods } from "./server-pods";

export const CURL_NOTE =
  "`curl http://127.0.0.1:9500/v2/health`, as the criterion was first written down, can never answer 200: 9500 speaks " +
  "gRPC and not HTTP/1.1, /v2/health is no route of MLServer (there are /v2/health/live and /v2/health/ready, on 9000), " +
  "and the agent's image has no curl. Asked instead: GET 127.0.0.1:9000/v2/health/ready, and gRPC ServerLive on 9500.";

/** What a port answered: whether that is right, and how it reads. */
interface Answer {
  readonly ok: boolean;
  readonly text: string;
}
type Ask = (context: CheckContext, target: PortForwardTarget, signal: AbortSignal) => Promise<Answer | ProbeFailure>;

interface Row {
  readonly id: string;
  readonly port: number;
  readonly container: string;
  readonly title: string;
  readonly proves: string;
  readonly expected: string;
  readonly ask: Ask;
  /** The last words of the command that repeats it by hand, once the port is forwarded. */
  readonly byHand: string;
}

/** An HTTP request whose right answer is 200. */
const http =
  (request: HttpRequest): Ask =>
  async (context, target, signal) => {
    const { answer, failure } = await httpProbe(context.forward(target), target, request, signal);
    if (answer === undefined) return failure;
    const body = answer.status === 200 ? "" : `: ${answer.body.replace(/\s+/g, " ").trim().slice(0, 120)}`;
    return { ok: answer.status === 200, text: `${answer.status} in ${Math.round(answer.milliseconds)} ms${body}` };
  };

const serverLive: Ask = async (context, target, signal) => {
  const { answer, failure } = await serverLiveProbe(context.forward(target), target, signal);
  if (answer === undefined) return failure;
  const text =
    answer.status === 0
      ? `ServerLive: live = ${answer.live ?? false} in ${Math.round(answer.milliseconds)} ms`
      : `gRPC status ${answer.status}: ${answer.message || "no message"}`;
  return { ok: answer.status === 0 && answer.live === true, text };
};

const ROWS: readonly Row[] = [
  {
    id: "server-http-ready",
    port: PORTS.server.inferenceHttp,
    container: "mlserver",
    title: "Inference server ready over HTTP",
    proves: "MLServer answers on 127.0.0.1:9000 inside the pod and all its loaded models are ready",
    expected: "GET /v2/health/ready answers 200",
    ask: http({ method: "GET", path: "/v2/health/ready" }),
    byHand: "curl -i http://127.0.0.1:9000/v2/health/ready",
  },
  {
    id: "server-grpc-live",
    port: PORTS.server.inferenceGrpc,
    container: "mlserver",
    title: "Inference server live over gRPC",
    proves: "the agent's own question to MLServer, gRPC ServerLive on 127.0.0.1:9500, is answered with live",
    expected: "gRPC ServerLive answers live = true",
    ask: serverLive,
    byHand: "grpcurl -plaintext -d '{}' 127.0.0.1:9500 inference.GRPCInferenceService/ServerLive",
  },
  {
    id: "rclone-answers",
    port: PORTS.server.rclone,
    container: "rclone",
    title: "rclone's remote control answers",
    proves: "the agent can ask rclone on 127.0.0.1:5572 to fetch model artefacts",
    expected: "POST /rc/noop answers 200",
    ask: http({ method: "POST", path: "/rc/noop", headers: { "content-type": "application/json" }, body: "{}" }),
    byHand: "curl -i -X POST http://127.0.0.1:5572/rc/noop",
  },
  {
    id: "agent-ready",
    port: PORTS.server.readiness,
    container: "agent",
    title: "Seldon agent ready",
    proves: "the agent has MLServer, rclone and the scheduler, so it can load models",
    expected: "GET /ready answers 200",
    ask: http({ method: "GET", path: "/ready" }),
    byHand: "curl -i http://127.0.0.1:9008/ready",
  },
];

/** One check a port, with one expectation a server pod. */
export const loopbackChecks = (context: CheckContext): Check[] =>
  ROWS.map((row, index) => loopbackCheck(row, index === 0, context));

function loopbackCheck(row: Row, first: boolean, context: CheckContext): Check {
  return {
    id: row.id,
    title: row.title,
    proves: row.proves,
    needs: [CLUSTER_IDENTITY],
    ...(first ? { note: CURL_NOTE } : {}),
    expectations: async (signal) => (await serverPods(context, signal)).map((pod) => expectationOf(row, pod, context)),
  };
}

function expectationOf(row: Row, { namespace, name, pod }: ServerPod, context: CheckContext): Expectation {
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
      return fail(answer.text, { evidence: podLines(pod), fix, ...note });
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
function refusal(row: Row, failure: ProbeFailure, pod: Pod, namespace: string, context: CheckContext): Outcome {
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
  return fail(failure.detail, { evidence: podLines(pod), fix });
}
