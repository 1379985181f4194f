/** One issue per environment out of two looks at it: Pulumi's refresh and `npm run drift`. Pure. */
import { EXIT } from "../../checks/exit-codes";
import { body, marker, plain, table, writtenBy } from "../markdown";
import { isTree } from "../../config/tree";

/** What one look found. */
export type Look = "clean" | "drift" | "could not look";

/**
 * `pulumi refresh --preview-only --expect-no-changes` ends with 7 when something differs, since Pulumi 3.226
 * (pulumi/pulumi#22176). Older ones end with 1 or 255 for that and for failures, so everything else says nothing.
 */
export const refreshLook = (exitCode: number): Look =>
  exitCode === 0 ? "clean" : exitCode === 7 ? "drift" : "could not look";

export interface DriftFinding {
  readonly check: string;
  readonly target: string;
  readonly found: string;
  readonly fix?: string;
}

export interface DriftReport {
  readonly look: Look;
  readonly findings: readonly DriftFinding[];
  /** What could not be looked at. */
  readonly gaps: readonly DriftFinding[];
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/**
 * Reads what `npm run drift -- <stack> --json` wrote (checks/report/json.ts, version 1).
 * @throws Error when it is of another stack or no such report.
 */
export function readDriftReport(json: string, stack: string): DriftReport {
  let report: unknown;
  try {
    report = JSON.parse(json);
  } catch {
    report = undefined;
  }
  if (!isTree(report) || report["kind"] !== "seldon-k3s.report" || report["command"] !== "drift") {
    throw new Error("this is no report of `npm run drift -- <stack> --json`");
  }
  if (report["stack"] !== stack) {
    throw new Error(`the report is of stack "${textOf(report["stack"])}", not "${stack}"; give that of the same stack`);
  }
  const checks = (Array.isArray(report["checks"]) ? report["checks"] : []).filter(isTree);
  const withVerdict = (...verdicts: string[]): DriftFinding[] =>
    checks.flatMap((check) =>
      (Array.isArray(check["findings"]) ? check["findings"] : [])
        .filter(isTree)
        .filter(({ verdict }) => verdicts.includes(textOf(verdict)))
        .map(({ target, actual, fix }) => ({
          check: textOf(check["id"]),
          target: textOf(target),
          found: textOf(actual),
          ...(typeof fix === "string" ? { fix } : {}),
        })),
    );
  const look: Look =
    report["exitCode"] === EXIT.drift ? "drift" : report["exitCode"] === EXIT.clean ? "clean" : "could not look";
  return { look, findings: withVerdict("DRIFT"), gaps: withVerdict("ERROR", "FAIL") };
}

/** A run that ended before it wrote a report. */
export const NO_REPORT: DriftReport = { look: "could not look", findings: [], gaps: [] };

export const driftMarker = (stack: string): string => marker(`drift:${stack}`);
export const driftTitle = (stack: string): string => `Drift in ${stack}`;

export interface DriftInput {
  readonly stack: string;
  readonly refresh: Look;
  readonly report: DriftReport;
  /** Version of this project that looked (config/version.ts). */
  readonly program: string;
}

/** Drift that one of them saw is a fact, whatever the other could not read. Clean needs both. */
export function verdictOf({ refresh, report }: DriftInput): Look {
  if (refresh === "drift" || report.look === "drift") return "drift";
  return refresh === "clean" && report.look === "clean" ? "clean" : "could not look";
}

const ROWS = 40;

/** The same for the same findings and program, whenever they are found. */
export function driftBody({ stack, refresh, report, program }: DriftInput): string {
  const rows = report.findings
    .slice(0, ROWS)
    .map(({ check, target, found, fix }) => [plain(check), plain(target), plain(found), fix ? plain(fix, 400) : "-"]);
  const rest = report.findings.length - rows.length;
  const gaps = report.gaps
    .slice(0, 10)
    .map(({ check, target, found }) => `- ${plain(`${check}, ${target}: ${found}`)}`);
  const content = [
    `What runs in ${plain(stack)} is not what is declared.`,
    table(
      ["look", "result"],
      [
        ["npm run drift (machines, objects, Helm releases, what nobody declared)", report.look],
        ["pulumi refresh (what is in Pulumi's state)", refresh],
      ],
    ),
    ...(rows.length > 0 ? [table(["check", "target", "found", "mended by"], rows)] : []),
    ...(rest > 0 ? [`... and ${rest} more, in the report of the run.`] : []),
    ...(rows.length === 0 && refresh === "drift"
      ? [
          "Only the refresh sees it: the state is another one than the cluster. `pulumi preview --refresh --diff` shows where.",
        ]
      : []),
    ...(gaps.length > 0 ? [`Could not be looked at:\n\n${gaps.join("\n")}`] : []),
    "What is meant to differ goes into `drift.allow` of the stack file with its reason (docs/drift.md). This issue is updated and closed by the drift workflow.",
    writtenBy(program),
  ];
  return body([driftMarker(stack), ...content]);
}

export interface OpenIssue {
  readonly number: number;
  readonly body: string;
}

export type IssueAction =
  | { readonly kind: "open"; readonly title: string; readonly body: string }
  | { readonly kind: "update"; readonly issue: number; readonly body: string; readonly comment: string }
  | { readonly kind: "close"; readonly issue: number; readonly comment: string }
  | { readonly kind: "none"; readonly why: string };

/** Whether two bodies name the same drift: another version of this project is no news, and GitHub has line ends of its own. */
function tellsTheSame(left: string, right: string): boolean {
  const findings = (text: string) => text.replace(/\r\n/g, "\n").replace(/^<sub>seldon-k3s .*<\/sub>$/m, "");
  return findings(left).trim() === findings(right).trim();
}

/** What is to be done to the environment's issue. @param issue The open one with this stack's mark. */
export function issueAction(input: DriftInput, issue?: OpenIssue): IssueAction {
  const verdict = verdictOf(input);
  if (verdict === "could not look") return { kind: "none", why: "could not look: an issue stays as it is" };
  if (verdict === "clean") {
    if (issue === undefined) return { kind: "none", why: "no drift, no open issue" };
    return { kind: "close", issue: issue.number, comment: "No drift any more: both looks found what is declared." };
  }
  const text = driftBody(input);
  if (issue === undefined) return { kind: "open", title: driftTitle(input.stack), body: text };
  if (tellsTheSame(issue.body, text)) {
    return { kind: "none", why: `the same drift as issue #${issue.number} says` };
  }
  return { kind: "update", issue: issue.number, body: text, comment: "The drift has changed; see above." };
}
