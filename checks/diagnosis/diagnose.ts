/**
 * From evidence to a ranking: every rule is asked, what one cause brings about is put under it, equal causes of many
 * pods become one, and the best proven comes first. Pure.
 */
import type { Evidence, Gap } from "../evidence/evidence";
import { type Cause, certaintyOf, type Clue, type Rule, type Subject } from "./rule";
import { RULES } from "./rules";
import { clearedSuspicions } from "./suspicions";
import { symptomsOf, type Symptom } from "./symptoms";

/** A cause with everything that has it. */
export interface RankedCause {
  readonly rule: string;
  readonly cause: string;
  /** From 0 to 1, by the evidence of its best shown subject. */
  readonly certainty: number;
  readonly subjects: readonly Subject[];
  readonly evidence: readonly Clue[];
  readonly repeat: readonly string[];
  readonly mend: string;
  readonly clears: readonly string[];
  /** What looks alike and was told apart. */
  readonly notWhen: string;
}

/** A cause that another one brought about. */
export interface Consequence {
  readonly rule: string;
  readonly cause: string;
  readonly subjects: readonly Subject[];
  /** Rules of the causes behind it. */
  readonly because: readonly string[];
}

export interface Diagnosis {
  readonly causes: readonly RankedCause[];
  readonly consequences: readonly Consequence[];
  /** What is not as it should be, whoever causes it. */
  readonly symptoms: readonly Symptom[];
  /** Symptoms that no cause is about. */
  readonly unexplained: readonly Symptom[];
  /** Usual suspicions that the evidence clears, each with that evidence. */
  readonly cleared: readonly string[];
  readonly gaps: readonly Gap[];
}

interface Found extends Cause {
  readonly rule: Rule;
  readonly certainty: number;
}

/** A cause this sure can bring others about; a mere possibility explains nothing away. */
const SURE = 0.55;

/** @param rules @default all */
export function diagnose(evidence: Evidence, rules: readonly Rule[] = RULES): Diagnosis {
  const found = rules.flatMap((rule) =>
    rule.judge(evidence).map((cause): Found => ({ ...cause, rule, certainty: certaintyOf(cause.clues) })),
  );
  const byRule = new Map(rules.map(({ id }) => [id, found.filter(({ rule }) => rule.id === id)]));
  const behind = new Map(found.map((one) => [one, causesBehind(one, byRule)]));
  const roots = found.filter((one) => behind.get(one)!.length === 0);
  const causes = rank(group(roots), rules);
  const consequences = group(found.filter((one) => behind.get(one)!.length > 0)).map((same): Consequence => {
    const because = new Set(same.flatMap((one) => behind.get(one)!.map(({ rule }) => rule.id)));
    return {
      rule: same[0]!.rule.id,
      cause: same[0]!.cause,
      subjects: same.map(({ subject }) => subject),
      because: [...because],
    };
  });
  const symptoms = symptomsOf(evidence);
  const told = found.flatMap(({ subject, origin }) => (origin === undefined ? [subject] : [subject, origin]));
  const unexplained = symptoms.filter((symptom) => !told.some((subject) => explains(subject, symptom.subject)));
  const cleared = [...new Set([...causes.flatMap(({ clears }) => clears), ...clearedSuspicions(evidence, causes)])];
  return { causes, consequences, symptoms, unexplained, cleared, gaps: evidence.gaps };
}

/** Whether two subjects can have to do with each other: the same thing, or one on the other's node or in its namespace. */
function meets(cause: Subject, effect: Subject): boolean {
  if (cause.kind === "cluster") return true;
  if (cause.kind === "node" || effect.kind === "node")
    return cause.node === undefined || effect.node === undefined || cause.node === effect.node;
  if (cause.namespace !== effect.namespace) return effect.kind === "cluster";
  return cause.kind !== "pod" || effect.kind !== "pod" || cause.name === effect.name;
}

/** A symptom is explained by a cause about the thing itself, its node or its namespace's scheduler; not by a neighbour. */
function explains(cause: Subject, symptom: Subject): boolean {
  if (symptom.kind === "pod" || cause.kind === symptom.kind) {
    if (cause.kind === "cluster") return true;
    return cause.kind === "node"
      ? cause.node === (symptom.node ?? symptom.name)
      : cause.kind === symptom.kind && cause.name === symptom.name && cause.namespace === symptom.namespace;
  }
  // A Model, a Server or a namespace suffers from what its pods suffer from.
  return meets(cause, symptom);
}

/** The causes, by their rule, that the rule of an effect follows and that are about the same thing. */
function causesBehind(effect: Found, byRule: ReadonlyMap<string, readonly Found[]>): Found[] {
  const about = effect.origin ?? effect.subject;
  return (effect.rule.follows ?? []).flatMap((id) =>
    (byRule.get(id) ?? []).filter((cause) => cause.certainty >= SURE && meets(cause.subject, about)),
  );
}

/** Equal causes of one rule together, in the order found; the best proven one first, for its evidence is shown. */
function group(found: readonly Found[]): Found[][] {
  const groups = new Map<string, Found[]>();
  for (const one of found) {
    const key = `${one.rule.id} ${one.cause}`;
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [one]);
    else same.push(one);
  }
  return [...groups.values()].map((same) => [...same].sort((a, b) => b.certainty - a.certainty));
}

function rank(groups: readonly Found[][], rules: readonly Rule[]): RankedCause[] {
  const place = new Map(rules.map((rule, index) => [rule.id, index]));
  const ranked = groups.map((same): RankedCause => {
    const [first] = same as [Found, ...Found[]];
    return {
      rule: first.rule.id,
      cause: first.cause,
      certainty: first.certainty,
      subjects: same.map(({ subject }) => subject),
      evidence: first.clues,
      repeat: first.repeat,
      mend: first.mend,
      clears: first.clears ?? [],
      notWhen: first.rule.notWhen,
    };
  });
  return ranked.sort((a, b) => b.certainty - a.certainty || place.get(a.rule)! - place.get(b.rule)!);
}
