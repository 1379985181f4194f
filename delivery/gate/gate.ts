/** Whether what was previewed and approved may be deployed now. Pure. */
import type { PreviewRecord } from "../preview/record";
import type { Window } from "./window";

export interface GateInput {
  readonly record: PreviewRecord;
  readonly stack: string;
  /** Commit that is checked out. */
  readonly commit: string;
  readonly configDigest: string;
  /** What a preview of this moment would do. @default not compared */
  readonly changesDigest?: string;
  /** What a preview of this moment would do to the CNI, in words. @default nothing, or not looked at */
  readonly cni?: string;
  readonly now: Date;
  /** Oldest preview that may be deployed, in hours. */
  readonly maxAgeHours: number;
  readonly window?: Window;
  /** Who must have approved, and who did. @default nobody must */
  readonly approval?: Approval;
}

export interface Approval {
  /** Of GitHub, with required reviewers. */
  readonly environment: string;
  /** Logins of those who approved this run for it. */
  readonly by: readonly string[];
}

interface Rule {
  readonly id: string;
  /** What is wrong, got and allowed, and what mends it; undefined where nothing is. */
  readonly refusal: (input: GateInput) => string | undefined;
}

const short = (text: string): string => text.slice(0, 12);
const AGAIN = "preview again and have that approved";

function ageRefusal({ record, now, maxAgeHours }: GateInput): string | undefined {
  const hours = (now.getTime() - new Date(record.at).getTime()) / 3_600_000;
  if (Number.isNaN(hours)) return `the preview's time "${record.at}" cannot be read; ${AGAIN}`;
  if (hours < -1) return `the preview is of ${record.at}, which has not come yet; mend the clocks, then ${AGAIN}`;
  if (hours <= maxAgeHours) return undefined;
  return `the preview is ${Math.floor(hours)} hours old, allowed are ${maxAgeHours}; ${AGAIN}`;
}

function windowRefusal({ record, cni = record.cni, window, now }: GateInput): string | undefined {
  if (cni === undefined) return undefined;
  const change = `the change touches the CNI (${cni})`;
  if (window === undefined) {
    return `${change} and no window is acknowledged; set CNI_WINDOW of this environment to START/END`;
  }
  if (now >= window.start && now < window.end) return undefined;
  const span = `${window.start.toISOString()} to ${window.end.toISOString()}`;
  return `${change}; the acknowledged window is ${span}, now is ${now.toISOString()}; deploy within it, or acknowledge another`;
}

const RULES: readonly Rule[] = [
  {
    id: "stack",
    refusal: ({ record, stack }) =>
      record.stack === stack ? undefined : `the preview is of stack "${record.stack}", not "${stack}"; ${AGAIN}`,
  },
  {
    id: "commit",
    refusal: ({ record, commit }) =>
      record.commit === commit
        ? undefined
        : `the preview is of commit ${short(record.commit)}, checked out is ${short(commit)}; check out that commit, or ${AGAIN}`,
  },
  {
    id: "configuration",
    refusal: ({ record, configDigest }) =>
      record.configDigest === configDigest
        ? undefined
        : `the stack's configuration was ${short(record.configDigest)}, now it is ${short(configDigest)}; ${AGAIN}`,
  },
  {
    id: "changes",
    refusal: ({ record, changesDigest }) =>
      changesDigest === undefined || record.changesDigest === changesDigest
        ? undefined
        : `what would be done has changed since the preview (state or cluster is another one); ${AGAIN}`,
  },
  { id: "age", refusal: ageRefusal },
  { id: "cni-window", refusal: windowRefusal },
  {
    id: "approval",
    refusal: ({ approval }) =>
      approval === undefined || approval.by.length > 0
        ? undefined
        : `nobody approved this run for the environment ${approval.environment}; give it required reviewers, then run the workflow again`,
  },
];

export interface Refusal {
  readonly rule: string;
  readonly text: string;
}

/** Every reason against it; none means go. */
export function refusals(input: GateInput): Refusal[] {
  return RULES.flatMap(({ id, refusal }) => {
    const text = refusal(input);
    return text === undefined ? [] : [{ rule: id, text }];
  });
}
