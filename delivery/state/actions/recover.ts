/** `recover`: resolves what a killed engine left half done. */
import { EXIT } from "../../../checks/exit-codes";
import { isTree } from "../../../config/tree";
import { ToolError } from "../../../tools/cli";
import type { State } from "../document";
import { refreshTargets, type Resolution, resolutionOf, takenUp } from "../pending";
import { exportState, type Outcome, requireUnlocked, type Run } from "../run";
import { shown } from "../step";
import { makeBackup } from "./backup";

const line = ({ operation, type, name, text }: Resolution): string => `${operation} ${type} ${name}: ${text}`;

/** The refresh of what was interrupted, and of nothing else: it takes no other drift into the state. */
export const refreshCommand = (stack: string, targets: readonly string[]): readonly string[] => [
  "refresh",
  "--stack",
  stack,
  "--yes",
  "--skip-preview",
  "--suppress-outputs",
  "--suppress-progress",
  "--clear-pending-creates",
  ...targets.flatMap((urn) => ["--target", urn]),
];

/** Helm's own record of a release that was interrupted does not become whole by a refresh. */
const afterwards = (stack: string, resolutions: readonly Resolution[]): readonly string[] => [
  ...(resolutions.some(({ type }) => type === "kubernetes:helm.sh/v3:Release")
    ? ['A release was interrupted: docs/runbooks/stuck-update.md, "Helm was killed".']
    : []),
  `next: pulumi preview --refresh --stack ${stack}, then pulumi up --stack ${stack}`,
];

/** Nothing is taken up that came into the state behind our back. */
function requireSame(before: State, after: State): void {
  if (before.time === after.time && before.pending.length === after.pending.length) return;
  throw new ToolError("the state has changed meanwhile: an update has run; fix: run this again", EXIT.failed);
}

export async function recover(run: Run): Promise<Outcome> {
  const { stack, engine, yes } = run;
  await requireUnlocked(run);
  const { state } = await exportState(run);
  const resolutions = state.pending.map((operation) => resolutionOf(operation, state));
  const outcome = (
    exitCode: Outcome["exitCode"],
    recovered: boolean,
    lines: readonly string[],
    backup?: string,
  ): Outcome => ({
    exitCode,
    lines,
    json: { pending: resolutions, recovered, ...(backup === undefined ? {} : { backup }) },
  });
  if (resolutions.length === 0) return outcome(EXIT.clean, false, [`${stack} has no pending operations`]);
  const command = refreshCommand(stack, refreshTargets(state, resolutions));
  const edited = takenUp(state, resolutions);
  const listed = resolutions.map(line);
  if (!yes) {
    return outcome(EXIT.clean, false, [
      ...listed,
      "Nothing was done. Run it again with --yes:",
      "1. a backup of the state",
      ...(edited === undefined ? [] : [`2. pulumi stack import --stack ${stack}, with what is taken up`]),
      `${edited === undefined ? 2 : 3}. ${shown(["pulumi", ...command])}`,
    ]);
  }
  const { file } = await makeBackup(run);
  engine.say(`backup: ${file}`);
  requireSame(state, (await exportState(run)).state);
  if (edited !== undefined) await engine.ask(["stack", "import", "--stack", stack], { stdin: JSON.stringify(edited) });
  await engine.ask(command, { live: true });
  const { state: after } = await exportState(run);
  const ended = listed.map((text, index) => `${text}${fate(after, resolutions[index]!)}`);
  if (after.pending.length > 0) {
    return outcome(
      EXIT.failed,
      false,
      [
        ...ended,
        `${after.pending.length} operations are still pending; back: npm run state -- ${stack} restore ${file}`,
      ],
      file,
    );
  }
  return outcome(EXIT.clean, true, [...ended, `backup of before: ${file}`, ...afterwards(stack, resolutions)], file);
}

/** What the refresh found of a resource that was taken up. */
function fate({ resources }: State, { urn, takeUp }: Resolution): string {
  if (takeUp === undefined) return "";
  return resources.some((resource) => isTree(resource) && resource.urn === urn)
    ? " -> it exists"
    : " -> it did not exist";
}
