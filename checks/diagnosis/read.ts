/** How rules read the evidence, and the words that they share. Pure. */
import type { ContainerEvidence, Evidence, PodEvidence, PodLook, PortEvidence } from "../evidence/evidence";
import { keyOf } from "../evidence/evidence";
import type { PhraseId } from "../evidence/log-phrases";
import type { LogLine } from "../evidence/logs";
import { pathOf } from "../evidence/loopback";
import { isOf, serverOf } from "../evidence/pods";
import { duration } from "../report/layout";
import { type Clue, type Subject, hint, strong } from "./rule";

/** Server pods that are not on their way out. */
export const serverPods = ({ pods = [] }: Evidence): PodEvidence[] =>
  pods.filter((pod) => isOf("server", pod) && !pod.deleting);

/** Pods of Seldon's that are not on their way out. */
export const seldonPods = ({ pods = [] }: Evidence): PodEvidence[] => pods.filter((pod) => !pod.deleting);

/** The command that changes what a pod is made from. */
export const editTemplate = (evidence: Evidence, pod: PodEvidence): string =>
  isOf("server", pod)
    ? editServer(evidence, pod.namespace, serverOf(pod))
    : evidence.kubectl("-n", pod.namespace, "edit seldonruntime");

export const lookAt = (evidence: Evidence, pod: PodEvidence): PodLook | undefined => evidence.looks.get(keyOf(pod));

export const containerOf = (pod: PodEvidence, name: string): ContainerEvidence | undefined =>
  pod.containers.find((container) => container.name === name);

export const podSubject = ({ namespace, name, node }: PodEvidence): Subject => ({ kind: "pod", namespace, name, node });

/** Seconds between a moment and the look; undefined for a moment that nobody wrote down. */
export function secondsSince({ at }: Evidence, moment: string | undefined): number | undefined {
  const then = Date.parse(moment ?? "");
  // The cluster's clock may be a little ahead of this machine's.
  return Number.isNaN(then) ? undefined : Math.max(0, (at.getTime() - then) / 1000);
}

/** Lines of a container's log with a phrase, those before the last restart first. */
export function linesOf(look: PodLook | undefined, container: string, phrase: PhraseId): LogLine[] {
  const log = look?.logs[container];
  return [...(log?.previous ?? []), ...(log?.current ?? [])].filter(({ phrases }) => phrases.includes(phrase));
}

/** The last line with a phrase since a container runs, where no line with `unless` came after it. */
export function lastLine(
  look: PodLook | undefined,
  container: string,
  phrase: PhraseId,
  unless?: PhraseId,
): LogLine | undefined {
  const current = look?.logs[container]?.current ?? [];
  const at = current.findLastIndex(({ phrases }) => phrases.includes(phrase));
  if (at < 0) return undefined;
  const over = unless !== undefined && current.slice(at + 1).some(({ phrases }) => phrases.includes(unless));
  return over ? undefined : current[at];
}

export const quoteLine = (container: string, { at, text }: LogLine): string =>
  `log of ${container}: ${at === undefined ? "" : `${at} `}${text.trim()}`;

/** A log line as a clue, where there is one. */
export const lineClue = (
  container: string,
  line: LogLine | undefined,
  clue: (text: string) => Clue = strong,
): Clue[] => (line === undefined ? [] : [clue(quoteLine(container, line))]);

/** What a port answered; undefined where it was not asked, or could not be. */
export const portOf = (look: PodLook | undefined, port: number | undefined): PortEvidence | undefined =>
  look?.ports.find((one) => one.port === port && one.kind !== "unknown");

/** `127.0.0.1:9500: refused after 2 ms: nothing listens`. */
export function showPort({ port, kind, text, milliseconds }: PortEvidence): string {
  const where = `127.0.0.1:${port}`;
  const took = duration(milliseconds);
  if (kind === "refused") return `${where} refused after ${took}: nothing listens there`;
  if (kind === "answered") return `${where} answered in ${took}: ${text}`;
  return text.includes(where) ? text : `${where}: ${text}`;
}

/** The port's evidence as a clue when it has one of these kinds. */
export const portClue = (
  port: PortEvidence | undefined,
  kinds: readonly PortEvidence["kind"][],
  clue: (text: string) => Clue = strong,
): Clue[] => (port !== undefined && kinds.includes(port.kind) ? [clue(showPort(port))] : []);

/** The command that asks a port of a pod again. */
export function askAgain(evidence: Evidence, { namespace, name }: PodEvidence, { port, role }: PortEvidence): string {
  const forward = evidence.kubectl("-n", namespace, "port-forward", `pod/${name}`, `${port}:${port}`);
  const ask =
    role === "grpc"
      ? `grpcurl -plaintext -d '{}' 127.0.0.1:${port} inference.GRPCInferenceService/ServerLive`
      : `curl -i ${role === "rclone" ? "-X POST " : ""}http://127.0.0.1:${port}${pathOf(role)}`;
  return `${forward} & sleep 1; ${ask}; kill $!`;
}

export const describePod = (evidence: Evidence, { namespace, name }: PodEvidence): string =>
  evidence.kubectl("-n", namespace, "describe pod", name);

export const logsOf = (
  evidence: Evidence,
  { namespace, name }: PodEvidence,
  container: string,
  previous = false,
): string =>
  evidence.kubectl("-n", namespace, "logs", name, "-c", container, "--tail 50", ...(previous ? ["--previous"] : []));

/** The Server of a pod as an object to edit. */
export const editServer = (evidence: Evidence, namespace: string, server: string): string =>
  evidence.kubectl("-n", namespace, "edit server", server);

/** Warnings about an object of a namespace, as hints. */
export function eventClues(
  { events }: Evidence,
  namespace: string,
  name: string,
  pattern: RegExp,
  clue: (text: string) => Clue = hint,
): Clue[] {
  return events
    .filter(
      ({ metadata, involvedObject, message, reason }) =>
        metadata.namespace === namespace &&
        involvedObject?.name === name &&
        pattern.test(`${reason ?? ""}: ${message ?? ""}`),
    )
    .slice(-1)
    .map(({ reason, message }) =>
      clue(`event ${reason ?? "?"}: ${(message ?? "").replace(/\s+/g, " ").trim().slice(0, 300)}`),
    );
}

/** Something for each server pod, where there is anything to say. */
export const forServerPods = <T>(
  evidence: Evidence,
  judge: (pod: PodEvidence, look: PodLook | undefined) => T | undefined,
): T[] =>
  serverPods(evidence).flatMap((pod) => {
    const found = judge(pod, lookAt(evidence, pod));
    return found === undefined ? [] : [found];
  });
