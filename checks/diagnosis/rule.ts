/** What a rule of the diagnosis is made of. */
import type { Evidence } from "../evidence/evidence";

/** What a cause is about. `node` of a pod is the node it runs on. */
export interface Subject {
  readonly kind: "pod" | "Model" | "Server" | "node" | "namespace" | "cluster";
  readonly namespace?: string;
  readonly name: string;
  readonly node?: string;
}

/**
 * How much a line of evidence says for a cause, if nothing else were known: `proof` settles it, of `strong` ones two do,
 * `hint` only adds.
 */
export const WEIGHT = { proof: 0.9, strong: 0.6, fact: 0.5, hint: 0.3 } as const;

export interface Clue {
  readonly weight: number;
  /** The line that shows it. Never a secret. */
  readonly text: string;
}

export const proof = (text: string): Clue => ({ weight: WEIGHT.proof, text });
export const strong = (text: string): Clue => ({ weight: WEIGHT.strong, text });
export const hint = (text: string): Clue => ({ weight: WEIGHT.hint, text });
/** Something that is certainly there, and perhaps harms nobody at the moment. */
export const fact = (text: string): Clue => ({ weight: WEIGHT.fact, text });

/** One cause that a rule found, for one subject. */
export interface Cause {
  readonly subject: Subject;
  /** The other end, where the deeper cause may be as well: the scheduler that an agent does not reach. */
  readonly other?: Subject;
  /** The cause in one sentence, the same words for every subject that has it. */
  readonly cause: string;
  readonly clues: readonly Clue[];
  /** The exact commands that look again. */
  readonly repeat: readonly string[];
  /** The command that mends it, or the sentence where no command can. */
  readonly mend: string;
  /** Usual suspicions that this very evidence clears. */
  readonly clears?: readonly string[];
}

/**
 * What a cause can be behind. `process`: what happens inside a pod, a refused loopback among it. `network`: the way between
 * pods, never loopback. `habit`: nothing by itself, unless its own evidence says so.
 */
export type Reach = "process" | "network" | "habit";

export interface Rule {
  /** Kebab-case, stable: scripts read it. */
  readonly id: string;
  /** @default "process" */
  readonly reach?: Reach;
  /** The cause in one sentence, for lists of rules. */
  readonly title: string;
  /** What looks alike and is not it. */
  readonly notWhen: string;
  /** Rules whose cause brings this one about: where both are found on one subject, this one is a consequence. */
  readonly follows?: readonly string[];
  /** Pure. */
  readonly judge: (evidence: Evidence) => readonly Cause[];
}

/** How sure clues make us, from 0 to 1: what remains of the doubt when each takes its share of it. */
export const certaintyOf = (clues: readonly Clue[]): number =>
  1 - clues.reduce((doubt, { weight }) => doubt * (1 - weight), 1);
