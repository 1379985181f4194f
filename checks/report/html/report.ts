/** The report as one page: what is wrong first, then everything, who reaches whom, and how long answers took. */
import type { Finding, Verdict } from "../../verdict";
import { duration } from "../layout";
import { element, type Markup } from "../markup";
import { countsOf, MEANING, notesOf, type Report, worstFirst } from "../report";
import { policyMatrix } from "./matrix";
import { page, type Section, table } from "./page";
import { type Plot, plotSvg } from "./plot";

/** The whole document. */
export function htmlReport(report: Report): string {
  const { head, run, flows } = report;
  const findings = run.results.flatMap((result) => result.findings);
  const wrong = worstFirst(run).filter(({ verdict }) => verdict !== "PASS" && verdict !== "SKIPPED");
  const notes = notesOf(run);
  const matrix = policyMatrix(findings, flows);
  const times = timesPlot(findings);
  const sections: (Section | undefined)[] = [
    wrong.length === 0
      ? undefined
      : { id: "wrong", title: "What is wrong", body: wrong.map((one) => card(one, report)) },
    matrix.length === 0 ? undefined : { id: "policies", title: "Who reaches whom", body: matrix },
    times === undefined ? undefined : { id: "times", title: "How long answers took", body: [times] },
    notes.length === 0 ? undefined : { id: "notes", title: "Notes", body: notes.map((note) => element("p", {}, note)) },
    { id: "findings", title: "All findings", body: [findingsTable(findings)] },
    report.text === undefined
      ? undefined
      : { id: "more", title: `More of ${head.command}`, body: [element("pre", {}, report.text)] },
  ];
  return page(
    `${head.command} ${head.stack}: ${MEANING[run.exitCode]}`,
    headOf(report),
    sections.filter((section) => section !== undefined),
  );
}

const verdictWord = (verdict: Verdict): Markup => element("b", { class: verdict }, verdict);

/** Which verdict's colour an exit code wears. */
const COLOUR = { 0: "PASS", 1: "FAIL", 2: "ERROR", 7: "DRIFT" } as const satisfies Record<number, Verdict>;

function headOf({ head, run, at }: Report): Markup[] {
  const when = at.toISOString().replace("T", " ").slice(0, 19);
  return [
    element(
      "h1",
      {},
      `${head.command} ${head.stack}: `,
      element("span", { class: COLOUR[run.exitCode] }, MEANING[run.exitCode]),
    ),
    element(
      "p",
      { class: "soft" },
      `cluster ${head.uid ?? "without a UID in the stack file yet"}, kubeconfig ${head.kubeconfig}, program ${head.program}`,
    ),
    element(
      "ul",
      { class: "sum" },
      countsOf(run)
        .split(", ")
        .map((count) => {
          const [number = "", ...words] = count.split(" ");
          return element("li", {}, element("b", {}, number), ` ${words.join(" ")}`);
        }),
      element("li", {}, element("b", {}, duration(run.milliseconds)), " in all"),
      element("li", {}, `${when} UTC, exit code ${run.exitCode}`),
    ),
  ];
}

/** Everything about one finding, with its commands whole, so that they can be copied. */
function card(finding: Finding, { run }: Report): Markup {
  const { verdict, check, target, expected, actual, evidence, repeat, fix } = finding;
  const proves = run.results.find((result) => result.check.id === check)?.check.proves ?? "";
  const row = (label: string, content: Markup | string): Markup[] => [
    element("dt", {}, label),
    element("dd", {}, content),
  ];
  return element(
    "article",
    { class: `card ${verdict}` },
    element("h3", {}, verdictWord(verdict), ` ${check}: ${target}`),
    element(
      "dl",
      {},
      row("proves", proves),
      row("expected", expected),
      row("found", actual),
      evidence.length === 0 ? undefined : row("evidence", element("pre", {}, evidence.join("\n"))),
      row("repeat", element("pre", {}, repeat)),
      fix === undefined ? undefined : row("mend", element("pre", {}, fix)),
    ),
  );
}

const findingsTable = (findings: readonly Finding[]): Markup =>
  table(
    "findings",
    ["verdict", "check", "target", "found", "time"],
    findings.map(({ verdict, check, target, actual, evidence, repeat, milliseconds }) => [
      verdictWord(verdict),
      check,
      target,
      element(
        "details",
        {},
        element("summary", {}, actual),
        element("pre", {}, [...evidence, `repeat: ${repeat}`].join("\n")),
      ),
      duration(milliseconds),
    ]),
  );

/** A check's times are worth a picture from this many probes on. */
const LEAST_PROBES = 2;

/** The time of every probe that looked, a row a check; nothing where no check has several. */
function timesPlot(findings: readonly Finding[]): Markup | undefined {
  const byCheck = new Map<string, number[]>();
  for (const { check, verdict, milliseconds } of findings) {
    if (verdict === "SKIPPED" || milliseconds <= 0) continue;
    byCheck.set(check, [...(byCheck.get(check) ?? []), milliseconds]);
  }
  if (![...byCheck.values()].some((times) => times.length >= LEAST_PROBES)) return undefined;
  const plot: Plot = {
    title: "Milliseconds of every probe, by check",
    unit: "ms",
    axis: "log",
    series: ["probes"],
    rows: [...byCheck].map(([check, times]) => ({ label: check, marks: [{ series: 0, dots: times }] })),
  };
  return element(
    "figure",
    {},
    plotSvg(plot),
    element(
      "figcaption",
      {},
      "One dot a probe, on a scale of decades: the whole probe as this machine saw it, with its way through the API server. What a port alone takes is measured by bench:network.",
    ),
  );
}
