/**
 * From evidence to a ranking: every rule is asked, what one cause brings about is put under it, equal causes of many
 * pods become one; what explains a symptom comes first, and of that the best proven. Pure.
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
  /** Whether any symptom comes of it; what does not is true as well, and somebody else's business. */
  readonly matters: boolean;
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
  const effects = found.filter((one) => behind.get(one)!.length > 0);
  const symptoms = symptomsOf(evidence);
  const weigh = weigher(evidence, symptoms, effects, behind);
  const causes = rank(group(roots), rules, weigh);
  const consequences = group(effects).map((same): Consequence => {
    const because = new Set(same.flatMap((one) => behind.get(one)!.map(({ rule }) => rule.id)));
    return {
      rule: same[0]!.rule.id,
      cause: same[0]!.cause,
      subjects: same.map(({ subject }) => subject),
      because: [...because],
    };
  });
  // What is only there as well explains nothing.
  const telling = [...roots.filter((cause) => weigh(cause) > 0), ...effects];
  const subjects = telling.flatMap(endsOf);
  const told = new Set(subjects.map(keyOf));
  const namespaces = new Set(subjects.flatMap(({ kind, namespace }) => (kind === "pod" ? [namespace] : [])));
  const unexplained = symptoms.filter(({ subject }) => {
    if (told.has(keyOf(subject))) return false;
    // A Model or a Server suffers from what the pods of its namespace suffer from.
    return !((subject.kind === "Model" || subject.kind === "Server") && namespaces.has(subject.namespace));
  });
  const suspicions = symptoms.length === 0 ? [] : clearedSuspicions(evidence, causes);
  const cleared = [...new Set([...suspicions, ...causes.flatMap(({ clears }) => clears)])];
  return { causes, consequences, symptoms, unexplained, cleared, gaps: evidence.gaps };
}

const keyOf = ({ kind, namespace = "", name }: Subject): string => `${kind} ${namespace}/${name}`;

const endsOf = ({ subject, other }: Cause): Subject[] => (other === undefined ? [subject] : [subject, other]);

/** Whether two subjects can have to do with each other: the same thing, or one on the other's node or in its namespace. */
function meets(cause: Subject, effect: Subject): boolean {
  if (cause.kind === "cluster") return true;
  if (cause.kind === "node" || effect.kind === "node") {
    return cause.node === undefined || effect.node === undefined || cause.node === effect.node;
  }
  if (cause.namespace !== effect.namespace) return effect.kind === "cluster";
  return cause.kind !== "pod" || effect.kind !== "pod" || cause.name === effect.name;
}

/** The causes, by their rule, that the rule of an effect follows and that are about the same thing. */
function causesBehind(effect: Found, byRule: ReadonlyMap<string, readonly Found[]>): Found[] {
  return (effect.rule.follows ?? []).flatMap((id) =>
    (byRule.get(id) ?? []).filter(
      (cause) => cause.certainty >= SURE && endsOf(effect).some((end) => meets(cause.subject, end)),
    ),
  );
}

/**
 * How near a cause is to what hurts: 2 for a pod, Model or Server that is not well, 1 for a node or the CNI's own status, 0
 * where no symptom comes of it. Nothing of the network is behind a port that refuses on loopback, however sure it is: that
 * mistake is the reason for this whole command.
 */
function weigher(
  evidence: Evidence,
  symptoms: readonly Symptom[],
  effects: readonly Found[],
  behind: ReadonlyMap<Found, readonly Found[]>,
): (cause: Found) => 0 | 1 | 2 {
  const hurt = new Set(symptoms.map(({ subject }) => keyOf(subject)));
  const shown = new Set(effects.flatMap((effect) => behind.get(effect)!));
  const refuses = (subject: Subject): boolean =>
    evidence.looks.get(`${subject.namespace}/${subject.name}`)?.ports.some(({ kind }) => kind === "refused") === true;
  return (cause) => {
    const { reach = "process" } = cause.rule;
    if (reach === "habit" && cause.certainty < SURE) return 0;
    if (shown.has(cause)) return 2;
    const own = endsOf(cause).filter((subject) => hurt.has(keyOf(subject)));
    if (own.length === 0) return 0;
    if (cause.subject.kind === "node" || cause.subject.kind === "cluster") return 1;
    return reach === "network" && own.every(refuses) ? 0 : 2;
  };
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

function rank(groups: readonly Found[][], rules: readonly Rule[], weigh: (cause: Found) => number): RankedCause[] {
  const place = new Map(rules.map((rule, index) => [rule.id, index]));
  const ranked = groups.map((same) => {
    const [first] = same as [Found, ...Found[]];
    const weight = Math.max(...same.map(weigh));
    const cause: RankedCause = {
      rule: first.rule.id,
      cause: first.cause,
      certainty: first.certainty,
      subjects: same.map(({ subject }) => subject),
      matters: weight > 0,
      evidence: first.clues,
      repeat: first.repeat,
      mend: first.mend,
      clears: first.clears ?? [],
      notWhen: first.rule.notWhen,
    };
    return { weight, cause };
  });
  ranked.sort(
    (a, b) =>
      b.weight - a.weight ||
      b.cause.certainty - a.cause.certainty ||
      place.get(a.cause.rule)! - place.get(b.cause.rule)!,
  );
  return ranked.map(({ cause }) => cause);
}
