/** A proof as checks of the check engine, so that its report looks like every other. */
import type { Check, Expectation } from "../../checks/check";
import { fail, type Outcome, pass, skipped, SkipError } from "../../checks/verdict";
import { contains } from "../../config/cidr";
import { type HowToMend, howToMend } from "./mend";
import { isFrom, type Look, type ProofNode, type ProofPlan, type Topic } from "./plan";
import { CLIENT_MS, type ClientState, type ServerState, START_MS } from "./probe-pods";
import { LARGE_BYTES, LARGE_OK, type TaskResult } from "./scripts";

/** What the checks ask of whoever runs the pods. Every answer is fetched once, however many expectations wait for it. */
export interface ProofRunner {
  readonly plan: ProofPlan;
  /** State of the probe server of a node. */
  server(node: string): Promise<ServerState>;
  /** State of the server behind the host port. */
  hostPortServer(): Promise<ServerState>;
  /** All looks of this round; known when the servers run. */
  looks(): Promise<readonly Look[]>;
  /** What the client of a node reported, and which of its tasks a look is. */
  report(look: Look): Promise<{ readonly state: ClientState; readonly index: number }>;
  /** Host ports that answered before any pod was recreated; undefined in the round that finds out. */
  readonly answered: ReadonlySet<number> | undefined;
  /** The command that proves again. */
  readonly repeat: string;
}

/** Bound of an expectation in milliseconds: the pods' own bounds come first, this one only ends what hangs. */
const BOUND_MS = START_MS + CLIENT_MS;
const PROBE_PODS = "probe-pods";

/** Who asked, and when. */
interface Asked {
  readonly runner: ProofRunner;
  /** Address of the client. */
  readonly self: string;
}

interface TopicRow {
  readonly title: string;
  readonly proves: string;
  readonly expected: (look: Look) => string;
  readonly judge: (got: string, look: Look, asked: Asked) => Outcome;
}

const equals =
  (wanted: string, good: string) =>
  (got: string): Outcome =>
    got === wanted ? pass(good) : fail(got);

const TOPICS: Readonly<Record<Topic, TopicRow>> = {
  "pod-to-pod": {
    title: "Pods reach each other and keep their source address",
    proves: "new connections work both ways across nodes, and policies that select clients see the right ones",
    expected: () => "an answer; the source that the server saw is the client pod's own address",
    judge: (got, _, { self }) => judgeSource(got, self),
  },
  "large-requests": {
    title: "Full-sized packets pass",
    proves: "the MTU of the pods fits the network between the nodes",
    expected: () => `${LARGE_BYTES} bytes sent and ${LARGE_BYTES} bytes received`,
    judge: equals(LARGE_OK, `${LARGE_BYTES} bytes each way`),
  },
  dns: {
    title: "Names resolve",
    proves: "pods of the node reach the cluster's DNS",
    expected: ({ expected = "" }) => `address ${expected}`,
    judge: (got, { expected = "" }) => (got === expected ? pass(got) : fail(got)),
  },
  "api-server": {
    title: "The API server answers inside the cluster",
    proves: "pods of the node reach the API server's Service",
    expected: () => "an answer of a TLS server",
    judge: equals("tls", "a TLS server answers"),
  },
  "way-out": {
    title: "Pods have a way out of the pod network",
    proves: "connections of the node's pods to addresses outside the pod range are accepted",
    expected: () => "the connection is accepted",
    judge: equals("open", "accepted"),
  },
  "host-port": {
    title: "A host port leads to its pod",
    proves: "host ports work under the node's CNI, and whoever leaves the pod network comes with a node's address",
    expected: () => "an answer; the source that the server saw is no pod's address",
    judge: (got, look, { runner }) => judgeMasked(got, look, runner),
  },
  "claimed-host-ports": {
    title: "The host ports of the node's own pods answer",
    proves: "no host port leads to the address of a pod that is gone",
    expected: () => "the connection is accepted",
    judge: (got, look, { runner }) => judgeClaim(got, look, runner),
  },
};

const isAddress = (text: string): boolean => /^[\d.]+$/.test(text);

function judgeSource(got: string, self: string): Outcome {
  if (!isAddress(got)) return fail(got);
  return got === self ? pass(`source ${got}`) : fail(`source ${got}; the client's address is ${self}`);
}

function judgeMasked(got: string, { from }: Look, { plan }: ProofRunner): Outcome {
  if (!isAddress(got)) return fail(got);
  const ranges = [plan.node, ...plan.peers].flatMap((node) => node.ranges);
  if (ranges.some((range) => contains(range, got))) return fail(`source ${got}: a pod's address left the pod network`);
  return pass(`source ${got}, an address of ${from}'s way out`);
}

function judgeClaim(got: string, { port }: Look, { answered }: ProofRunner): Outcome {
  if (got === "open") return pass("accepted");
  if (answered === undefined) return skipped(`${got}; looked at again when the node's pods have been recreated`);
  if (!answered.has(port)) return skipped(`${got}; it did not answer before the pods were recreated either`);
  return fail(`${got}; it answered before the pods were recreated`);
}

/** The checks of one round. */
export function proofChecks(runner: ProofRunner): Check[] {
  return [probePods(runner), ...(Object.keys(TOPICS) as Topic[]).map((topic) => topicCheck(topic, runner))];
}

function probePods(runner: ProofRunner): Check {
  const { node, peers } = runner.plan;
  return {
    id: PROBE_PODS,
    title: "New pods start and get an address",
    proves: "the node's CNI connects new pods, and its kubelet reaches them",
    timeoutMs: BOUND_MS,
    expectations: () =>
      [node, ...peers].map((place) => ({
        target: `${place.name} (${place.cni})`,
        expected: `a pod that is Ready, with an address of ${place.cni}: ${place.ranges.join(", ")}`,
        repeat: runner.repeat,
        probe: async () => judgeServer(await runner.server(place.name), place, place === node),
      })),
  };
}

function judgeServer(state: ServerState, place: ProofNode, isProven: boolean): Outcome {
  if ("forbidden" in state)
    return fail(`it could not be created: ${state.forbidden}`, howToMend("probe-pods", place.name));
  if ("problem" in state) {
    return fail(`${state.pod}: ${state.problem}`, { evidence: state.evidence, ...howToMend("probe-pods", place.name) });
  }
  if (isFrom(place, state.address)) return pass(`Ready, ${state.address}`);
  // A peer that has changed its CNI by itself (an agent that was rebooted) is still a peer; the node to prove is not proven.
  if (!isProven) return pass(`Ready, ${state.address}: not an address of ${place.cni}, this node has changed already`);
  return fail(`Ready, but its address ${state.address} is none of ${place.cni}`, howToMend("address", place.name));
}

function topicCheck(topic: Topic, runner: ProofRunner): Check {
  const { title, proves } = TOPICS[topic];
  return {
    id: topic,
    title,
    proves,
    needs: [PROBE_PODS],
    timeoutMs: BOUND_MS,
    expectations: async () => {
      const looks = (await runner.looks()).filter((look) => look.topic === topic);
      if (looks.length === 0) throw new SkipError(await whyNothing(topic, runner));
      return looks.map((look) => expectationOf(look, runner));
    },
  };
}

async function whyNothing(topic: Topic, runner: ProofRunner): Promise<string> {
  if (topic === "dns") return "the cluster has no Service kube-system/kube-dns";
  if (topic === "claimed-host-ports" && runner.plan.claims.length === 0) return "no pod of the node claims a host port";
  if (runner.plan.peers.length === 0) return "there is no other node to look from";
  const server = topic === "host-port" ? await runner.hostPortServer() : undefined;
  if (server !== undefined && "forbidden" in server)
    return `a pod with a host port is not allowed: ${server.forbidden}`;
  if (server !== undefined && "problem" in server) return `the pod with the host port is ${server.problem}`;
  return "nothing to look at";
}

function expectationOf(look: Look, runner: ProofRunner): Expectation {
  const row = TOPICS[look.topic];
  return {
    target: look.target,
    expected: row.expected(look),
    repeat: runner.repeat,
    probe: async () => {
      const { state, index } = await runner.report(look);
      const mend = howToMend(look.topic, look.from);
      if ("problem" in state) return fail(`on ${look.from}: ${state.problem}`, { evidence: state.evidence, ...mend });
      const result = state.results.get(index);
      if (result === undefined) return fail(`the client on ${look.from} did not report it`, mend);
      return withEvidence(
        row.judge(result.got, look, { runner, self: state.self }),
        result,
        mtuText(state.mtu, runner),
        look,
        mend,
      );
    },
  };
}

const mtuText = (mtu: string, { plan }: ProofRunner): string =>
  plan.podMtu === undefined ? mtu : `${mtu} (the stack declares ${plan.podMtu})`;

function withEvidence(outcome: Outcome, result: TaskResult, mtu: string, look: Look, mend: HowToMend): Outcome {
  if (outcome.verdict === "PASS") {
    return result.attempts === 1 ? outcome : { ...outcome, actual: `${outcome.actual}, at attempt ${result.attempts}` };
  }
  if (outcome.verdict === "SKIPPED") return outcome;
  const evidence = [`${result.attempts} attempts from a pod on ${look.from}, whose interface has an MTU of ${mtu}`];
  return { ...outcome, evidence: [...(outcome.evidence ?? []), ...evidence], ...mend };
}
