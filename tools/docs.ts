/** `npm run docs`: rewrites the parts of the documentation that are made from the code. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXIT } from "../checks/exit-codes";
import { renderDiagram, renderFlowTable } from "../components/network-policies/diagram";
import { DASHBOARDS } from "../components/observability/dashboards/render";
import { runTool, ToolError } from "./cli";
import { dashboardPicture } from "./dashboard-picture";
import { renderDangerousChanges, renderGuardrails, renderMistakes } from "./docs-guardrails";
import { renderConfiguration } from "./docs-configuration";
import { reviewedStacks, stackPictures } from "./docs-pictures";
import {
  renderClusterWide,
  renderCoverage,
  renderExemptions,
  renderGuardrailSheet,
  renderPolicies,
  type ReviewedStack,
} from "./docs-policy-review";
import { exampleMarkdown, STACK } from "./docs-report-example";
import { isStale, SCREENSHOTS, takePictures } from "./docs-screenshots";
import { renderAlerts, renderMetrics, renderTargets } from "./docs-observability";

/** A generated part stands between `<!-- <name>:begin -->` and `<!-- <name>:end -->` in its file; without a name it is the file. */
interface GeneratedPart {
  readonly file: string;
  readonly name?: string;
  readonly render: () => string;
}

const PARTS: readonly GeneratedPart[] = [
  {
    file: "docs/architecture.md",
    name: "flows",
    render: () => `\`\`\`mermaid\n${renderDiagram()}\`\`\`\n\n${renderFlowTable()}`,
  },
  { file: "docs/configuration.md", name: "keys", render: renderConfiguration },
  { file: "docs/observability.md", name: "targets", render: renderTargets },
  { file: "docs/observability.md", name: "alerts", render: renderAlerts },
  { file: "docs/observability.md", name: "metrics", render: renderMetrics },
  { file: "docs/guardrails.md", name: "guardrails", render: renderGuardrails },
  { file: "docs/guardrails.md", name: "dangerous", render: renderDangerousChanges },
  { file: "docs/guardrails.md", name: "mistakes", render: renderMistakes },
  ...DASHBOARDS.map((dashboard) => ({
    file: `docs/pictures/${dashboard.uid}.svg`,
    render: () => dashboardPicture(dashboard),
  })),
];

/**
 * Text with the part between its two marks replaced.
 * @throws ToolError when a mark is missing or they stand the wrong way round.
 */
export function replacePart(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new ToolError(`no lines "${begin}" and, after it, "${end}"`);
  return `${text.slice(0, from + begin.length)}\n${content.trimEnd()}\n${text.slice(to)}`;
}

/** A file with its present text and the text that it should have. */
export interface GeneratedFile {
  readonly file: string;
  readonly present: string;
  readonly wanted: string;
}

const REVIEW = "docs/policy-review.md";
const REPORTS = "docs/reports.md";

/** The parts of docs/policy-review.md, by their name. */
const REVIEW_PARTS: Readonly<Record<string, (stacks: readonly ReviewedStack[]) => string>> = {
  coverage: renderCoverage,
  policies: renderPolicies,
  "cluster-wide": renderClusterWide,
  guardrails: renderGuardrailSheet,
  exemptions: renderExemptions,
};

/** What is made from the stacks' plans: apart from the rest, because the program must run for it. */
export function generatedFromPlans(root: string, stacks: readonly ReviewedStack[]): GeneratedFile[] {
  const [review, reports] = [textOf(join(root, REVIEW)), textOf(join(root, REPORTS))];
  const reviewed = Object.entries(REVIEW_PARTS).reduce(
    (text, [name, render]) => replacePart(text, name, render(stacks)),
    review,
  );
  const example = stacks.find(({ evaluation }) => evaluation.stack === STACK);
  if (example === undefined) throw new ToolError(`the example of ${REPORTS} is of stack ${STACK}`);
  const markdown = `\`\`\`text\n${exampleMarkdown(example.config)}\`\`\``;
  return [
    ...[...stackPictures(stacks)].map(([file, wanted]) => ({ file, present: textOf(join(root, file)), wanted })),
    { file: REVIEW, present: review, wanted: reviewed },
    { file: REPORTS, present: reports, wanted: replacePart(reports, "markdown", markdown) },
  ];
}

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** Everything that is made from tables. */
export function generatedDocs(root: string): GeneratedFile[] {
  const files = new Map<string, { present: string; wanted: string }>();
  for (const { file, name, render } of PARTS) {
    const present = textOf(join(root, file));
    const { wanted } = files.get(file) ?? { wanted: present };
    files.set(file, { present, wanted: name === undefined ? render() : replacePart(wanted, name, render()) });
  }
  return [...files].map(([file, texts]) => ({ file, ...texts }));
}

const COMMAND = {
  name: "docs",
  summary:
    "Regenerates the generated parts of the documentation, such as the flow diagram. Pictures of pages are taken with\n" +
    "Chromium where the page has changed; without it on PATH they are skipped, by name.",
  positionals: [],
  flags: {
    check: { type: "boolean", summary: "write nothing; exit 1 when a part is out of date" },
    pictures: { type: "boolean", summary: "take the pictures of pages in any case; exit 2 without a browser" },
  },
} as const;

const say = (text: string) => process.stdout.write(`${text}\n`);

if (require.main === module) {
  void runTool(COMMAND, async ({ flags: { check = false, pictures = false } }) => {
    const root = resolve(__dirname, "..");
    const stacks = await reviewedStacks();
    const stale = [...generatedDocs(root), ...generatedFromPlans(root, stacks)].filter(
      ({ present, wanted }) => present !== wanted,
    );
    for (const { file, wanted } of stale) {
      if (!check) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), wanted);
      }
      say(`${file}: ${check ? "out of date; run npm run docs" : "rewritten"}`);
    }
    const old = isStale(root, stacks);
    if (check) {
      if (old) say(`${SCREENSHOTS.join(", ")}: out of date; run npm run docs where Chromium is`);
      return old || stale.length > 0 ? EXIT.failed : EXIT.clean;
    }
    if (!old && !pictures) return EXIT.clean;
    const why = await takePictures(root, stacks);
    for (const file of SCREENSHOTS) say(`${file}: ${why === undefined ? "taken" : `skipped: ${why}`}`);
    return why !== undefined && pictures ? EXIT.couldNotLook : EXIT.clean;
  });
}
