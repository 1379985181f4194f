/** The diagnosis for people and for programs. Pure. */
import { EXIT, type ExitCode } from "../exit-codes";
import { duration, wrap } from "../report/layout";
import type { ReportHead } from "../report/report";
import type { TextOptions } from "../report/text";
import type { Consequence, Diagnosis, RankedCause } from "./diagnose";
import type { Subject } from "./rule";

export const JSON_VERSION = 1;

/** 1 where anything is wrong, else 2 where something could not be looked at, else 0. */
export function exitCodeOf({ causes, unexplained, gaps }: Diagnosis): ExitCode {
  if (causes.length > 0 || unexplained.length > 0) return EXIT.failed;
  return gaps.some(({ chosen }) => chosen !== true) ? EXIT.couldNotLook : EXIT.clean;
}

/** How sure, in a word. */
export function certaintyWord(certainty: number): string {
  if (certainty >= 0.9) return "certain";
  return certainty >= 0.6 ? "likely" : "possible";
}

export const showSubject = ({ kind, namespace, name }: Subject): string =>
  kind === "cluster"
    ? "the cluster"
    : `${kind} ${namespace === undefined || kind === "namespace" ? name : `${namespace}/${name}`}`;

/** Subjects that are named; of more only the number is told. */
const NAMED = 3;

/** Subjects on one line. */
export function showSubjects(subjects: readonly Subject[]): string {
  const named = subjects.slice(0, NAMED).map(showSubject).join(", ");
  return subjects.length > NAMED ? `${named} and ${subjects.length - NAMED} more` : named;
}

const LABEL = 10;

function labelled(label: string, text: string, width: number): string[] {
  const [first = "", ...rest] = wrap(text, width - LABEL - 2);
  return [command(label, first), ...rest.map((line) => " ".repeat(LABEL + 2) + line)];
}

/** Never broken, so that it can be copied. */
const command = (label: string, text: string): string => `  ${label.padEnd(LABEL)}${text}`;

/** What found, and the best proven cause first. */
export function textReport(head: ReportHead, diagnosis: Diagnosis, milliseconds: number, options: TextOptions): string {
  const { causes, consequences, symptoms, unexplained, cleared, gaps } = diagnosis;
  const { width } = options;
  const lines = [
    `seldon-k3s ${head.command}: stack ${head.stack}`,
    `cluster ${head.uid ?? "without a UID in the stack file yet"}, kubeconfig ${head.kubeconfig}`,
    `program ${head.program}`,
    ...section(
      "Symptoms",
      shorten(
        symptoms.map(
          ({ text, subject }) => `${subject.namespace === undefined ? "" : `${subject.namespace}: `}${text}`,
        ),
      ),
      width,
    ),
    ...causes.flatMap((cause, index) => ["", ...causeLines(cause, index + 1, consequences, options)]),
    ...section("No rule explains", shorten(unexplained.map(({ text }) => text)), width),
    ...section("Not the cause", cleared, width),
    ...section(
      "Not looked at",
      gaps.map(({ what, reason, fix }) => `${what}: ${reason} (${fix})`),
      width,
    ),
    "",
    summary(diagnosis, milliseconds),
  ];
  return `${lines.join("\n")}\n`;
}

const MOST_LINES = 8;
const shorten = (texts: readonly string[]): string[] =>
  texts.length <= MOST_LINES ? [...texts] : [...texts.slice(0, MOST_LINES), `and ${texts.length - MOST_LINES} more`];

function section(title: string, texts: readonly string[], width: number): string[] {
  if (texts.length === 0) return [];
  return [
    "",
    title,
    ...texts.flatMap((text) => wrap(text, width - 4).map((line, index) => `${index === 0 ? "  - " : "    "}${line}`)),
  ];
}

function causeLines(
  cause: RankedCause,
  rank: number,
  consequences: readonly Consequence[],
  options: TextOptions,
): string[] {
  const { width, colour } = options;
  const word = certaintyWord(cause.certainty);
  const aside = cause.matters ? "" : "; no symptom comes of it";
  const [first = "", ...rest] = wrap(`${rank}. ${cause.cause} (${word}; ${cause.rule}${aside})`, width);
  const title = [first, ...rest.map((line) => `   ${line}`)].map((line) =>
    colour && rank === 1 ? `\x1b[1m${line}\x1b[0m` : line,
  );
  const effects = consequences.filter(({ because }) => because.includes(cause.rule));
  return [
    ...title,
    ...labelled("where", showSubjects(cause.subjects), width),
    ...cause.evidence.flatMap(({ text }) => labelled("evidence", text, width)),
    ...effects.flatMap((effect) => labelled("therefore", `${effect.cause} (${showSubjects(effect.subjects)})`, width)),
    ...cause.repeat.map((text) => command("repeat", text)),
    command("mend", cause.mend),
  ];
}

function summary(diagnosis: Diagnosis, milliseconds: number): string {
  const { causes, unexplained } = diagnosis;
  const exitCode = exitCodeOf(diagnosis);
  const end = `(${duration(milliseconds)}, exit code ${exitCode})`;
  const [first] = causes;
  if (first !== undefined) {
    const others = causes.length === 1 ? "" : `, and ${causes.length - 1} more below it`;
    return `cause: ${first.cause}${others} ${end}`;
  }
  if (unexplained.length > 0) return `${unexplained.length} symptoms that no rule explains ${end}`;
  return exitCode === EXIT.couldNotLook
    ? `nothing wrong in what could be looked at ${end}`
    : `nothing wrong found ${end}`;
}

/**
 * `{ version, kind, command, stack, uid, kubeconfig, program, exitCode, milliseconds, symptoms: [{ subject, text }], causes: [{ rule,
 * cause, certainty, word, subjects, matters, evidence: [string], repeat: [string], mend, notWhen }], consequences, unexplained,
 * cleared: [string], gaps: [{ what, reason, fix }] }`. Fields are only ever added within a version.
 */
export function jsonReport(head: ReportHead, diagnosis: Diagnosis, milliseconds: number): string {
  const report = {
    version: JSON_VERSION,
    kind: "seldon-k3s.diagnosis",
    ...head,
    exitCode: exitCodeOf(diagnosis),
    milliseconds: Math.round(milliseconds),
    symptoms: diagnosis.symptoms,
    causes: diagnosis.causes.map(({ rule, cause, certainty, subjects, matters, evidence, repeat, mend, notWhen }) => ({
      rule,
      cause,
      certainty: Math.round(certainty * 1000) / 1000,
      word: certaintyWord(certainty),
      subjects,
      matters,
      evidence: evidence.map(({ text }) => text),
      repeat,
      mend,
      notWhen,
    })),
    consequences: diagnosis.consequences,
    unexplained: diagnosis.unexplained,
    cleared: diagnosis.cleared,
    gaps: diagnosis.gaps,
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
