/**
 * The ports of the server pods at their address, seen from a pod on another node that wears Envoy's labels: open where
 * the flow table lets Envoy in, closed everywhere else, and without policies open throughout. Next to it stands what
 * answers on the same port's loopback, so that a policy in the way is not taken for a server that does not listen.
 */
import { reachable } from "../../components/network-policies/truth-table";
import type { Check, Expectation } from "../check";
import type { Pod } from "../cluster/objects";
import { podLines } from "../cluster/pod-evidence";
import type { CheckContext } from "../context";
import type { Opened, ProbeSession } from "../policy/session";
import { probedNamespaces } from "../policy/sites";
import { isUp, type ReadyPod } from "../probe-pods/pod-state";
import type { Seen } from "../probe-pods/script";
import { fail, type Outcome, pass, SkipError, skipped } from "../verdict";
import { CLUSTER_IDENTITY } from "./cluster-identity";
import { kubeletReaches, type Loopback, notYetBecause, portState, type PortState } from "./port-state";
import { type ServerPod, serverPods } from "./server-pods";
import { PROXY_PORTS, SERVER_PORTS, type ServerPort } from "./server-ports";

export const SERVER_ADDRESS = "server-address";

/** Start of the pods, and the looks themselves, in milliseconds. */
const BOUND_MS = 150_000;

type AskedPort = Pick<ServerPort, "port" | "container" | "ask">;
/** What Envoy may use comes first: its answer is the proof that the way to the pod is open. */
const ASKED: readonly AskedPort[] = [...PROXY_PORTS, ...SERVER_PORTS];

export function serverAddress(context: CheckContext, session: ProbeSession): Check {
  return {
    id: SERVER_ADDRESS,
    title: "Server pods at their address, from another node",
    proves: "Envoy's way across nodes to every server pod is open, and the ports that ask nobody who he is are not",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: BOUND_MS,
    expectations: async (signal) => {
      const servers = await serverPods(context, signal);
      const opened = await session.open(signal);
      if (opened.places.there === undefined) {
        throw new SkipError(
          `${opened.places.here} is the only node that can run a probe pod: there is no other to ask from`,
        );
      }
      const probed = new Set(probedNamespaces(context.subject));
      const near = servers.filter(({ namespace }) => probed.has(namespace));
      const far = servers.filter(({ namespace }) => !probed.has(namespace));
      const found = await Promise.all(near.map((server) => ofServer(server, opened, session, context, signal)));
      return [...found.flat(), ...farNamespaces(far, context)];
    },
  };
}

/** One finding for namespaces that have no probe pods. */
function farNamespaces(servers: readonly ServerPod[], context: CheckContext): Expectation[] {
  const namespaces = [...new Set(servers.map(({ namespace }) => namespace))];
  if (namespaces.length === 0) return [];
  const reason = `${servers.length} server pods in ${namespaces.length} more namespaces: their policies are the same, and no probe pods run there`;
  return [constant(namespaces.join(", "), "their policies are probed", context, skipped(reason))];
}

const constant = (target: string, expected: string, context: CheckContext, outcome: Outcome): Expectation => ({
  target,
  expected,
  repeat: context.again(SERVER_ADDRESS),
  probe: () => Promise.resolve(outcome),
});

async function ofServer(
  server: ServerPod,
  opened: Opened,
  session: ProbeSession,
  context: CheckContext,
  signal: AbortSignal,
): Promise<Expectation[]> {
  const { namespace, name, pod } = server;
  const whole = (outcome: Outcome): Expectation[] => [
    constant(`${namespace}/${name}`, "its ports, from another node", context, outcome),
  ];
  if (pod?.status?.phase !== "Running" || pod.status.podIP === undefined) {
    return whole(
      skipped(
        `the pod is ${pod === undefined ? "not there" : (pod.status?.phase ?? "without status")}: it has no address to ask`,
      ),
    );
  }
  const address = pod.status.podIP;
  const source = sourceFor(pod, namespace, opened);
  if (source === undefined) return whole(skipped("no probe pod with Envoy's labels is up on another node"));
  const looks = ASKED.map(({ port }) => ({ kind: "tcp", address, port }) as const);
  const seen = await session.ask(source, looks, signal);
  const isWayOpen = ASKED.some(
    (asked, index) => isOpenFor(asked.port, namespace, opened) && seen[index]!.kind === "open",
  );
  return ASKED.map((asked, index) =>
    expectationOf({ asked, seen: seen[index]!, isWayOpen, pod, namespace, source, opened }, context),
  );
}

/** Envoy's probe pod on another node than the server's. */
function sourceFor(server: Pod, namespace: string, { sites, pods }: Opened): ReadyPod | undefined {
  const site = sites.find(
    ({ role, side, node }) =>
      role === "component" &&
      side.endpoint === "envoy" &&
      side.namespace === namespace &&
      node !== server.spec?.nodeName,
  );
  const pod = site === undefined ? undefined : pods.get(site.key);
  return pod !== undefined && isUp(pod) ? pod : undefined;
}

/** Whether Envoy may reach a port of a server: everybody may where there are no policies. */
const isOpenFor = (port: number, namespace: string, { policy }: Opened): boolean =>
  policy === undefined ||
  reachable(policy, { endpoint: "envoy", namespace }, { endpoint: "server", namespace }, port) !== undefined;

interface Case {
  readonly asked: AskedPort;
  readonly seen: Seen;
  /** Whether something that is allowed came through to this pod. */
  readonly isWayOpen: boolean;
  readonly pod: Pod;
  readonly namespace: string;
  readonly source: ReadyPod;
  readonly opened: Opened;
}

function expectationOf(one: Case, context: CheckContext): Expectation {
  const { asked, pod, namespace, source, opened } = one;
  const { port } = asked;
  const allowed = isOpenFor(port, namespace, opened);
  const name = pod.metadata.name;
  const sides = { from: { endpoint: "envoy", namespace }, to: { endpoint: "server", namespace } };
  return {
    target: `${namespace}/${name}:${port} from ${source.spec.node}`,
    expected: allowed ? "open to Envoy" : "closed: only the kubelet of its node may ask",
    repeat: context.again(SERVER_ADDRESS),
    ...(opened.policy === undefined ? {} : { flow: { ...sides, port, allowed } }),
    probe: async (signal) => {
      const answer = await asked.ask(context, { namespace, pod: name, port }, signal);
      const loopback: Loopback = "kind" in answer ? answer.kind : answer.ok ? "answers" : "wrong";
      return judge(
        one,
        allowed,
        loopback,
        "kind" in answer ? answer.detail : `127.0.0.1:${port}: ${answer.text}`,
        context,
      );
    },
  };
}

function judge(
  { asked, seen, isWayOpen, pod, namespace, source }: Case,
  allowed: boolean,
  loopback: Loopback,
  inside: string,
  context: CheckContext,
): Outcome {
  const { port, container } = asked;
  const notYet = notYetBecause(pod, container);
  const state = portState({
    loopback,
    address: seen,
    kubelet: kubeletReaches(pod, container, port),
    ...(notYet === undefined ? {} : { notYet }),
  });
  const evidence = [
    inside,
    `${pod.status?.podIP}:${port} from ${source.name} on ${source.spec.node}: ${SEEN[seen.kind]}`,
    ...podLines(pod),
  ];
  const policies = context.kubectl("-n", namespace, "get networkpolicies -o yaml");
  if (!allowed) {
    if (seen.kind === "open") return fail("open to other pods", { evidence, fix: policies });
    if (!isWayOpen) return skipped("closed, which proves nothing: no port that is open to Envoy answered either");
    return pass(`${SEEN[seen.kind]}, as it must be; ${inside}`);
  }
  if (seen.kind === "open" && state !== "listens elsewhere") return pass(`open; ${inside}`);
  return fail(`${state}: ${SEEN[seen.kind]}`, { evidence, fix: FIXES[state]?.(namespace, pod, context) ?? policies });
}

const SEEN: Readonly<Record<Seen["kind"], string>> = {
  open: "accepted",
  refused: "refused",
  silent: "no answer",
  other: "neither accepted nor refused",
};

const logs = (namespace: string, pod: Pod, context: CheckContext): string =>
  context.kubectl("-n", namespace, "logs", pod.metadata.name, "--all-containers --tail 50");

/** The address that a server binds to is in its environment (MLSERVER_HOST, SERVER_HTTP_PORT and their like). */
const env = (namespace: string, pod: Pod, context: CheckContext): string =>
  context.kubectl("-n", namespace, "describe pod", pod.metadata.name);

/** What to do about a port that should be open; the policies where nothing is said. */
const FIXES: Partial<Record<PortState, (namespace: string, pod: Pod, context: CheckContext) => string>> = {
  "nothing listens": logs,
  "not ready yet": logs,
  "speaks another protocol": logs,
  "does not answer": logs,
  "listens elsewhere": env,
  "listens on loopback only": env,
};
