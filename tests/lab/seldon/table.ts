/** The table of docs/benchmarks/diagnosis.md. Pure. */

export interface Row {
  readonly cause: string;
  /** What stood first, and how sure. */
  readonly verdict: string;
  readonly expected: string;
  /** Seconds from the start of the command to its end. */
  readonly seconds: number;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** @param about Lines about the machine and what was real. */
export function page(rows: readonly Row[], about: readonly string[]): string {
  return [
    "# Diagnosis on real nodes",
    "",
    "Causes that are made for real in the lab, on two nodes with kubelet and containerd, in a pod shaped like a Seldon server pod:",
    "real MLServer 1.7.1 and mlserver-sklearn from PyPI and real rclone of Debian, beside a stand-in for Seldon's agent that asks them and the",
    "scheduler (another stand-in) as the real one does. `npm run diagnose` is then asked for the cause. Seconds are what a person",
    "waits: from the command's start to its end, Node.js and SSH to both machines among it.",
    "",
    "Reproduce, and rewrite this page, with `LAB_WRITE=1 npm run test:lab -- --full tests/lab/diagnose.test.ts`.",
    "",
    ...about.map((line) => `- ${line}`),
    "",
    "| cause injected | verdict given | seconds |",
    "| --- | --- | --- |",
    ...rows.map(({ cause, verdict, expected, seconds }) => {
      const wrong = verdict.startsWith(expected) ? "" : ` (wrong: it is ${expected})`;
      return `| ${cell(cause)} | ${cell(verdict)}${wrong} | ${seconds.toFixed(1)} |`;
    }),
    "",
  ].join("\n");
}
