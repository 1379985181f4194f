/**
 * Which objects of a validation nobody needs any more: those of a run that was killed before it could clean up. Those
 * of a run that may still be at work stay: two people may validate at the same time. Pure.
 */
import type { KubeObject } from "../cluster/objects";
import { OWNER_ANNOTATION, RUN_LABEL, UNTIL_ANNOTATION } from "./names";

/** What is known here. */
export interface Present {
  /** The run that asks. */
  readonly runId: string;
  readonly now: Date;
  /** Name of this machine. */
  readonly host: string;
  /** Whether a process of this machine is alive. */
  readonly isAlive: (pid: number) => boolean;
}

type Candidate = KubeObject<unknown, { readonly phase?: string }>;

/** Why an object is a leftover; undefined where it may still be in use. */
export function leftoverBecause({ metadata, status }: Candidate, present: Present): string | undefined {
  if (metadata.labels?.[RUN_LABEL] === present.runId) return undefined;
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return "its time was over";
  const until = Date.parse(metadata.annotations?.[UNTIL_ANNOTATION] ?? "");
  if (!(until > present.now.getTime())) return "its run's time is over";
  const [, host, pid] = /^(.*)\/(\d+)$/.exec(metadata.annotations?.[OWNER_ANNOTATION] ?? "") ?? [];
  if (host === present.host && !present.isAlive(Number(pid))) return "its run was killed";
  return undefined;
}
