/** What a drift run has found in the cluster: turns differences into findings, and keeps them for the summary. */
import type { AllowedDrift } from "../../../config/schema";
import { quote } from "../../context";
import { drift, type Outcome, pass } from "../../verdict";
import { AllowList } from "./allow-list";
import { CLASSES, type DriftClass } from "./classes";
import type { ObjectDifference } from "./findings";

/** A difference with the reason for which it is accepted, if it is. */
export interface ListedDifference extends ObjectDifference {
  readonly allowed?: string;
}

/** A report quotes this many differences of one object; the JSON report has all. */
const MOST_LINES = 12;
const MOST_NAMED = 3;

export interface Judging {
  /** What is said where nothing counts. */
  readonly clean: string;
  /** What mends a difference that counts, by how it came about. */
  readonly mends: Readonly<Partial<Record<ObjectDifference["origin"], string>>>;
  /** Lines of evidence beside the differences. */
  readonly more?: readonly string[];
  /** Whether the look was at several objects, so that each must be named. @default false */
  readonly several?: boolean;
}

export class Ledger {
  private readonly listed: ListedDifference[] = [];
  private readonly allowList: AllowList;

  constructor(
    private readonly stack: string,
    allow: readonly AllowedDrift[],
  ) {
    this.allowList = new AllowList(allow);
  }

  /** Everything found so far, also noise and what is accepted. */
  get differences(): readonly ListedDifference[] {
    return this.listed;
  }

  /** Entries of the allow list that accepted nothing. */
  get unused(): readonly AllowedDrift[] {
    return this.allowList.unused;
  }

  /** The outcome of one look. */
  judge(found: readonly ObjectDifference[], { clean, mends, more = [], several = false }: Judging): Outcome {
    const listed = found.map((one): ListedDifference => {
      const entry = one.class === "noise" ? undefined : this.allowList.find(one);
      return entry === undefined ? one : { ...one, allowed: entry.reason };
    });
    this.listed.push(...listed);
    const counted = listed.filter(counts);
    const lines = [...listed].sort(byWeight).map((one) => line(one, several));
    const evidence = [...lines.slice(0, MOST_LINES), ...rest(lines.length, MOST_LINES, "differences"), ...more];
    if (counted.length === 0) return pass(`${clean}${quietly(listed)}`, { evidence });
    const origins = new Set(counted.map(({ origin }) => origin));
    const fix = [...origins].map((origin) => mends[origin]).filter((text) => text !== undefined);
    return drift(summaryOf(counted, several), { evidence, fix: [...new Set(fix)].join("; ") });
  }

  /** What makes the next `up` write what is declared: Pulumi compares with its state, so it must look first. */
  get refresh(): string {
    return `pulumi up --refresh -s ${quote(this.stack)}`;
  }
}

/** Whether a difference makes the run end with drift. */
export const counts = ({ class: driftClass, allowed }: ListedDifference): boolean =>
  driftClass !== "noise" && allowed === undefined;

/** `2 policy, 1 configuration`: how many there are of each class, strongest first. */
export const countsByClass = (found: readonly ListedDifference[]): Partial<Record<DriftClass, number>> =>
  countsOf(found.map((one) => one.class));

export function countsOf(found: readonly DriftClass[]): Partial<Record<DriftClass, number>> {
  const counted = CLASSES.map((name) => [name, found.filter((one) => one === name).length] as const);
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

const showCounts = (found: readonly ListedDifference[]): string =>
  Object.entries(countsByClass(found))
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");

const byWeight = (left: ListedDifference, right: ListedDifference): number =>
  Number(counts(right)) - Number(counts(left)) || CLASSES.indexOf(left.class) - CLASSES.indexOf(right.class);

/** One difference on one line: `[policy] spec.ingress[0].from: live [...], declared absent (kubectl-edit, 2026-...)`. */
function line(one: ListedDifference, several: boolean): string {
  const by = one.by === undefined ? "" : ` (${one.by})`;
  const allowed = one.allowed === undefined ? "" : `; allowed: ${one.allowed}`;
  return `[${one.class}] ${titleOf(one, several)}: live ${one.live}, declared ${one.declared}${by}${allowed}`;
}

/** `Server seldon/mlserver`. */
const objectOf = ({ kind, namespace, name }: ObjectDifference): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

const titleOf = (one: ObjectDifference, several: boolean): string =>
  one.field === "" ? objectOf(one) : several ? `${objectOf(one)} ${one.field}` : one.field;

function summaryOf(counted: readonly ListedDifference[], several: boolean): string {
  const named = [...counted]
    .sort(byWeight)
    .slice(0, MOST_NAMED)
    .map((one) => GIST[one.origin](one, several));
  const more = counted.length > MOST_NAMED ? ` and ${counted.length - MOST_NAMED} more` : "";
  return `${showCounts(counted)}: ${named.join("; ")}${more}`;
}

const GIST: Readonly<Record<ObjectDifference["origin"], (one: ObjectDifference, several: boolean) => string>> = {
  changed: (one, several) => `${titleOf(one, several)} is ${one.live}, declared ${one.declared}`,
  added: (one, several) => `${titleOf(one, several)} was added by ${one.by?.split(",")[0] ?? "somebody"}`,
  held: (one, several) => `${titleOf(one, several)} belongs to ${one.by?.split(",")[0] ?? "somebody"}`,
  missing: (one, several) => `${several ? objectOf(one) : "it"} is ${one.live === "absent" ? "not there" : one.live}`,
  undeclared: (one) => `${objectOf(one)} is not declared`,
};

/** What does not count is still said. */
function quietly(listed: readonly ListedDifference[]): string {
  const noise = listed.filter(({ class: driftClass }) => driftClass === "noise").length;
  const allowed = listed.length - noise;
  const parts = [...(allowed > 0 ? [`${allowed} allowed`] : []), ...(noise > 0 ? [`${noise} noise`] : [])];
  return parts.length === 0 ? "" : `, but for ${parts.join(" and ")}`;
}

const rest = (all: number, shown: number, what: string): string[] =>
  all > shown ? [`and ${all - shown} more ${what} (--json has them all)`] : [];
