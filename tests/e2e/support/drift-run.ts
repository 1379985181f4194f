/** `npm run drift` against a kept sandbox, and what it said. */
import type { KeptSandbox } from "./kept-sandbox";

export interface DriftFinding {
  readonly check: string;
  readonly target: string;
  readonly verdict: string;
  readonly actual: string;
  readonly fix?: string;
}

interface Report {
  readonly checks: readonly { readonly id: string; readonly findings: readonly Omit<DriftFinding, "check">[] }[];
  readonly objects: { readonly classes: Readonly<Record<string, number>> };
}

export interface DriftAnswer {
  readonly code: number | string;
  /** Differences that count, by class. */
  readonly classes: Readonly<Record<string, number>>;
  /** Everything that did not pass. */
  readonly bad: readonly DriftFinding[];
  readonly passed: number;
  readonly seconds: number;
}

/** What a run says where nobody did anything. */
export const CLEAN = { code: 0, classes: {}, bad: [] };

/** @throws Error with what it said where it wrote no report. */
export async function drift(sandbox: KeptSandbox): Promise<DriftAnswer> {
  const { code, stdout, stderr, seconds } = await sandbox.command("drift", "--json");
  if (!stdout.startsWith("{")) throw new Error(`drift ended with ${code}:\n${stderr}`);
  const { checks, objects } = JSON.parse(stdout) as Report;
  const findings = checks.flatMap(({ id, findings }) => findings.map((finding) => ({ check: id, ...finding })));
  const bad = findings.filter(({ verdict }) => verdict !== "PASS");
  return { code, seconds, classes: objects.classes, bad, passed: findings.length - bad.length };
}
