/** The text of a release for people who decide whether to take it. Pure. */
import { bulletOf, type Fragment, sections } from "./fragment";
import { tagOf } from "./release";

/** What lists the components of a release and of what a stack deploys. */
const SBOM_COMMAND = "npm run --silent sbom -- <stack> > sbom.json";

/** What somebody runs before the new version touches a cluster, and after, with what it shows. */
const CHECKS: readonly (readonly [command: string, shows: string])[] = [
  ["npm test", "the program is whole on this machine"],
  ["npm run plan -- <stack>", "what the stack declares now; compare it with the plan of the version before"],
  ["npm run preflight -- <stack>", "go or no-go for machines and cluster"],
  ["npm run validate -- <stack>", "after `pulumi up`: every success criterion, with its evidence"],
  ["npm run drift -- <stack>", "after `pulumi up`: nothing else has changed"],
];

export interface NotesInput {
  readonly version: string;
  readonly fragments: readonly Fragment[];
  /** Table of the versions of everything else. */
  readonly supported: string;
}

/** What the notes begin with: what is marked, else what is new or makes it safer. */
function highlightsOf(fragments: readonly Fragment[]): readonly Fragment[] {
  const marked = fragments.filter(({ highlight }) => highlight);
  return marked.length > 0 ? marked : fragments.filter(({ kind }) => kind === "added" || kind === "security");
}

export function releaseNotes({ version, fragments, supported }: NotesInput): string {
  const highlights = highlightsOf(fragments).filter(({ kind }) => kind !== "upgrade note");
  const upgrade = fragments.filter(({ kind }) => kind === "upgrade note");
  const rest = fragments.filter((fragment) => fragment.kind !== "upgrade note" && !highlights.includes(fragment));
  const upgradeText =
    upgrade.length === 0
      ? "Nothing has to be done but what every upgrade needs, below."
      : upgrade.map(bulletOf).join("\n");
  const parts = [
    `# seldon-k3s ${version}`,
    ...(highlights.length === 0 ? [] : ["## Highlights", highlights.map(bulletOf).join("\n")]),
    "## Upgrade notes",
    upgradeText,
    ["```sh", `git fetch --tags && git checkout ${tagOf(version)} && npm ci`, "```"].join("\n"),
    ...sections(rest, 2),
    "## Versions that go together",
    supported,
    "Other versions are refused, with this table in the message.",
    "## Bill of materials",
    ["```sh", SBOM_COMMAND, "```"].join("\n"),
    "## Checks",
    CHECKS.map(([command, shows]) => `- \`${command}\`: ${shows}`).join("\n"),
  ];
  return `${parts.join("\n\n")}\n`;
}
