/** Lines while checks run and run again: each only when it says something new. */
import type { RunResult } from "../engine";
import { duration } from "../report/layout";
import { progressLine, type TextOptions } from "../report/text";
import type { Finding } from "../verdict";

/** Measured times differ in every round and are no news. */
const withoutTimes = (text: string): string => text.replace(/\bin \d+ ms\b/g, "");

/** What a finding says, for comparison. A PASS is news once, whatever it measured. */
const gist = ({ verdict, actual }: Finding): string =>
  verdict === "PASS" ? verdict : `${verdict} ${withoutTimes(actual)}`;

/**
 * Tells the changes of a round: findings that are new or say something else than in the round before.
 * @param write Takes one line without its end.
 */
export function progressReporter(
  options: TextOptions,
  write: (line: string) => void,
): (round: RunResult, elapsedMs: number) => void {
  const last = new Map<string, string>();
  return (round, elapsedMs) => {
    for (const finding of round.results.flatMap(({ findings }) => findings)) {
      // Mostly the echo of what another line already says; the table at the end has them all.
      if (finding.verdict === "SKIPPED") continue;
      const key = `${finding.check} ${finding.target}`;
      if (last.get(key) === gist(finding)) continue;
      last.set(key, gist(finding));
      write(`${progressLine(finding, options)} (after ${duration(elapsedMs)})`);
    }
  };
}
