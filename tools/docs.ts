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

/** The parts of docs/policy-review.md, by their name. */
const REVIEW_PARTS: Readonly<Record<string, (stacks: readonly ReviewedStack[]) => string>> = {
  coverage: renderCoverage,
  policies: renderPolicies,
  "cluster-wide": renderClusterWide,
  guardrails: renderGuardrailSheet,
  exemptions: renderExemptions,
};

/** What is made from the stacks' plans: apart from the rest, because the program must run for it. */
export async function generatedFromPlans(root: string): Promise<GeneratedFile[]> {
  const stacks = await reviewedStacks();
  const present = textOf(join(root, REVIEW));
  const wanted = Object.entries(REVIEW_PARTS).reduce(
    (text, [name, render]) => replacePart(text, name, render(stacks)),
    present,
  );
  const pictures = [...stackPictures(stacks)].map(([file, picture]) => ({
    file,
    present: textOf(join(root, file)),
    wanted: picture,
  }));
  return [...pictures, { file: REVIEW, present, wanted }];
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
  summary: "Regenerates the generated parts of the documentation, such as the flow diagram.",
  positionals: [],
  flags: { check: { type: "boolean", summary: "write nothing; exit 1 when a part is out of date" } },
} as const;

if (require.main === module) {
  void runTool(COMMAND, async ({ flags }) => {
    const root = resolve(__dirname, "..");
    const stale = [...generatedDocs(root), ...(await generatedFromPlans(root))].filter(
      ({ present, wanted }) => present !== wanted,
    );
    for (const { file, wanted } of stale) {
      if (flags.check !== true) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), wanted);
      }
      process.stdout.write(`${file}: ${flags.check === true ? "out of date; run npm run docs" : "rewritten"}\n`);
    }
    return flags.check === true && stale.length > 0 ? EXIT.failed : EXIT.clean;
  });
}
