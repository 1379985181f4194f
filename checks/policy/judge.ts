/** What the looks of one line mean. Pure. */
import { isDown, type PodState } from "../probe-pods/pod-state";
import type { Seen } from "../probe-pods/script";
import { fail, type Outcome, pass, skipped } from "../verdict";
import type { Row } from "./row";

/** What must come of a connection. */
export interface Wanted {
  /** Whether the flow table allows it. */
  readonly isAllowed: boolean;
  /** Source address that the other side must see; absent where it does not tell. */
  readonly source?: string | undefined;
  /** Address that a name must have; absent where no name is asked for. */
  readonly answer?: string | undefined;
}

/** One connection that was tried. */
export interface Tried extends Omit<Wanted, "isAllowed"> {
  /** `same node` or `across nodes`; to somebody outside: `from node-1`. */
  readonly where: string;
  readonly from: PodState;
  readonly seen: Seen;
  /** How often it was tried until it was as wanted, or given up. */
  readonly attempts: number;
  /**
   * Why a closed connection would prove nothing here: the port does not listen, or nothing that is allowed came through
   * between these nodes. Absent where both were seen.
   */
  readonly unproven?: string | undefined;
}

/** The command lines of a report. */
export interface Words {
  /** Shows the policies of the namespace that the line is about. */
  readonly policies: string;
}

const seenText = (seen: Seen): string => {
  switch (seen.kind) {
    case "open":
      return seen.source === undefined ? "accepted" : `accepted, source ${seen.source}`;
    case "refused":
      return "refused";
    case "silent":
      return "no answer";
    case "other":
      return seen.words;
  }
};

const again = ({ attempts }: Tried): string => (attempts === 1 ? "" : `, at attempt ${attempts}`);
const line = (tried: Tried): string => `${tried.where}: ${seenText(tried.seen)}${again(tried)}`;

/** Whether a connection is as wanted, so that it needs no repetition. */
export const isAsWanted = ({ isAllowed, source, answer }: Wanted, seen: Seen): boolean =>
  isAllowed ? isRight({ seen, source, answer }) : seen.kind !== "open";

function isRight({ seen, source, answer }: Pick<Tried, "seen" | "source" | "answer">): boolean {
  if (seen.kind !== "open") return false;
  const wanted = answer ?? source;
  return wanted === undefined || seen.source === wanted;
}

/** A line that must be possible: every connection is accepted, and the other side sees who calls. */
export function judgeAllowed(row: Row, tried: readonly Tried[], words: Words): Outcome {
  const wrong = tried.filter((one) => !isRight(one));
  if (wrong.length === 0) return pass(tried.map(line).join("; "));
  const changed = wrong.filter(({ seen, source }) => seen.kind === "open" && source !== undefined);
  const evidence = [
    ...tried.map((one) => `${one.from.spec.namespace}/${one.from.name} on ${one.from.spec.node}, ${line(one)}`),
    ...changed.map(
      ({ source }) => `the caller's address is ${source}: something between the nodes puts another in its place`,
    ),
    `needed: ${row.why}${row.flow === undefined ? "" : ` (${row.flow})`}`,
  ];
  const fix =
    changed.length > 0
      ? "compare `iptables -t nat -S POSTROUTING` of both nodes: leftovers of Flannel (FLANNEL-POSTRTG), and a Calico IPPool for every range that pods have"
      : words.policies;
  return fail(wrong.map(line).join("; "), { evidence, fix });
}

/** A line that must be closed: no connection is accepted, and it is known that one could have been. */
export function judgeClosed(row: Row, tried: readonly Tried[], words: Words): Outcome {
  const open = tried.filter(({ seen }) => seen.kind === "open");
  if (open.length > 0) {
    return fail(`open: ${open.map(line).join("; ")}`, {
      evidence: [
        ...open.map(({ from }) => `${from.spec.namespace}/${from.name} on ${from.spec.node} got through`),
        `must be closed: ${row.why}`,
      ],
      fix: words.policies,
    });
  }
  const unproven = [
    ...new Set(tried.flatMap((one) => (one.unproven === undefined ? [] : [`${one.where}: ${one.unproven}`]))),
  ];
  if (unproven.length === tried.length) return skipped(`closed, which proves nothing: ${unproven.join("; ")}`);
  return pass(
    [
      ...tried.filter(({ unproven: why }) => why === undefined).map(line),
      ...unproven.map((text) => `not proven ${text}`),
    ].join("; "),
  );
}

/** What the kubelets said of their own pods: their probes pass every policy. */
export function judgeKubelet(pods: readonly PodState[]): Outcome {
  const wrong = pods.filter(isDown);
  if (wrong.length === 0) return pass(`reached by the kubelet of ${pods.map(({ spec }) => spec.node).join(" and ")}`);
  return fail(wrong.map((pod) => `${pod.name} on ${pod.spec.node}: ${pod.problem}`).join("; "), {
    evidence: wrong.flatMap(({ evidence }) => evidence),
    fix: "no policy may come between a kubelet and the pods of its node: see that of the CNI (Calico: defaultEndpointToHostAction, host endpoints)",
  });
}
