/** The lines of a container's log that matter, in bounded memory. */
import type { ClusterApi } from "../cluster/api";
import { PATHS } from "../cluster/paths";
import { LookError } from "../verdict";
import { type PhraseId, phrasesOf } from "./log-phrases";
import { lineRedactor } from "./redact";

export interface LogLine {
  /** Time stamp of the kubelet. */
  readonly at?: string;
  readonly text: string;
  readonly phrases: readonly PhraseId[];
}

/** A look reads this much of the end of a log, and keeps this many lines with one phrase and of the very end. */
const READ = { lines: 2_000, bytes: 512 * 1024 };
const KEEP = { phrase: 4, last: 5 } as const;
/** Longer lines are cut: a stack trace or a model's input on one line is nobody's evidence. */
const WIDTH = 400;

const STAMP = /^(\d{4}-\d\d-\d\dT\S+) /;

/** Takes a log line by line and keeps the last lines of each phrase and the very last ones, in their order. */
export class LogKeeper {
  private count = 0;
  private readonly masked = lineRedactor();
  private readonly byPhrase = new Map<PhraseId, (LogLine & { index: number })[]>();
  private last: (LogLine & { index: number })[] = [];

  push(raw: string): void {
    const at = STAMP.exec(raw)?.[1];
    const whole = at === undefined ? raw : raw.slice(at.length + 1);
    if (whole.trim() === "") return;
    const line = {
      ...(at === undefined ? {} : { at }),
      text: this.masked(whole.slice(0, WIDTH)),
      phrases: phrasesOf(whole),
      index: this.count,
    };
    this.count += 1;
    for (const phrase of line.phrases) {
      this.byPhrase.set(phrase, [...(this.byPhrase.get(phrase) ?? []), line].slice(-KEEP.phrase));
    }
    this.last = [...this.last, line].slice(-KEEP.last);
  }

  result(): LogLine[] {
    const kept = new Map([...this.byPhrase.values(), this.last].flat().map((line) => [line.index, line]));
    return [...kept.values()].sort((a, b) => a.index - b.index).map(({ index: _, ...line }) => line);
  }
}

/** The end of a log. Empty where there is none: a container that has never run. @throws LookError */
export async function readLog(
  api: ClusterApi,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  container: string,
  previous: boolean,
  signal: AbortSignal,
): Promise<LogLine[]> {
  const keeper = new LogKeeper();
  const query = {
    container,
    timestamps: true,
    tailLines: READ.lines,
    limitBytes: READ.bytes,
    previous: previous || undefined,
  };
  try {
    for await (const line of api.lines(PATHS.podLog(namespace, name), signal, query)) keeper.push(line);
  } catch (error) {
    // 400 is the kubelet's word for a container that has no log (yet, or of that restart).
    if (!(error instanceof LookError && /answered 400 /.test(error.message))) throw error;
  }
  return keeper.result();
}
