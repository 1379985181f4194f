/** What a check can say, and how it says it. */
import { messageOf } from "../config/thrown";

/**
 * PASS: measured and as expected. FAIL: measured and not as expected. DRIFT: declared and live state differ.
 * ERROR: could not look. SKIPPED: deliberately not run, with the reason; it never counts as passed.
 */
export const VERDICTS = ["PASS", "FAIL", "DRIFT", "ERROR", "SKIPPED"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one probe found out. */
export interface Outcome {
  readonly verdict: Verdict;
  /** What was found, on one line; for SKIPPED the reason. */
  readonly actual: string;
  /** Lines that show it: container states, events, log lines. Never a secret. */
  readonly evidence?: readonly string[];
  /** The command, or the sentence where no command can do it, that mends a verdict other than PASS. */
  readonly fix?: string;
  /** Trying again cannot help, so nobody waits for it: wrong credentials, another cluster. */
  readonly final?: boolean;
  /** Something that the reader of the whole report must know; equal notes are printed once. */
  readonly note?: string;
}

/** A kind of pod, or a party outside our namespaces (which has none). */
export interface FlowSide {
  readonly endpoint: string;
  readonly namespace?: string;
}

/** A line of the policies' truth table: a connection that must be possible, or must not. PASS: it is so. */
export interface ProbedFlow {
  readonly from: FlowSide;
  readonly to: FlowSide;
  /** Container port, TCP. */
  readonly port: number;
  /** Whether the flow table allows it. */
  readonly allowed: boolean;
}

/** One measured expectation, complete enough to be understood and repeated by itself. */
export interface Finding extends Outcome {
  readonly check: string;
  readonly target: string;
  readonly expected: string;
  /** The exact command that looks again. */
  readonly repeat: string;
  readonly evidence: readonly string[];
  /** Present where the expectation is about who reaches whom. */
  readonly flow?: ProbedFlow;
  readonly milliseconds: number;
}

type Details = Omit<Outcome, "verdict" | "actual">;

export const pass = (actual: string, details: Details = {}): Outcome => ({ verdict: "PASS", actual, ...details });
export const fail = (actual: string, details: Details = {}): Outcome => ({ verdict: "FAIL", actual, ...details });
export const drift = (actual: string, details: Details = {}): Outcome => ({ verdict: "DRIFT", actual, ...details });
export const skipped = (reason: string, details: Details = {}): Outcome => ({
  verdict: "SKIPPED",
  actual: reason,
  ...details,
});

/** The question could not be asked: no answer, no rights, no such resource type. Becomes an ERROR finding. */
export class LookError extends Error {
  /** What mends it. */
  readonly fix: string;
  /** Trying again cannot help. */
  readonly final: boolean;

  constructor(message: string, options: { fix: string; final?: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "LookError";
    this.fix = options.fix;
    this.final = options.final ?? false;
  }
}

/** Thrown where a check finds that it does not apply here. Becomes a SKIPPED finding. */
export class SkipError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "SkipError";
  }
}

/** The outcome that a thrown value stands for. An unknown error means that nothing was measured, so it is an ERROR. */
export function outcomeOfError(error: unknown): Outcome {
  if (error instanceof SkipError) return skipped(error.message);
  if (error instanceof LookError) {
    return { verdict: "ERROR", actual: error.message, fix: error.fix, final: error.final };
  }
  const message = messageOf(error);
  return {
    verdict: "ERROR",
    actual: `the probe itself failed: ${message}`,
    evidence: error instanceof Error && error.stack !== undefined ? error.stack.split("\n").slice(1, 4) : [],
    fix: "report this as a fault of the check",
  };
}

/** Worst first: the verdict of a check is the worst of its findings. */
export const SEVERITY: readonly Verdict[] = ["FAIL", "DRIFT", "ERROR", "SKIPPED", "PASS"];

/** The worst of some verdicts. @throws Error without any: a check always has at least one finding. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const found = SEVERITY.find((verdict) => verdicts.includes(verdict));
  if (found === undefined) throw new Error("there is no verdict to choose from");
  return found;
}
