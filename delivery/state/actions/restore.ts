/** `restore`: puts a backup in the place of the state. */
import { EXIT } from "../../../checks/exit-codes";
import { ToolError } from "../../../tools/cli";
import { readBackup, requireOf } from "../backup-file";
import { difference, type Difference, partsOf } from "../document";
import { exportState, type Outcome, requireUnlocked, type Run } from "../run";
import { makeBackup } from "./backup";

/** Names of one kind that are listed before the rest is counted. */
const LISTED = 20;

const ROWS: readonly { readonly of: keyof Difference; readonly text: string }[] = [
  {
    of: "back",
    text: "come back into the state; where they are gone, the next `pulumi up --refresh` makes them again",
  },
  {
    of: "forgotten",
    text: "are forgotten, though they may exist: the next `pulumi up` makes them again or says that they exist",
  },
  { of: "changed", text: "are remembered as they were" },
];

const describe = (found: Difference): readonly string[] =>
  ROWS.flatMap(({ of, text }) => {
    const names = found[of].map((urn) => partsOf(urn).name);
    if (names.length === 0) return [];
    const rest = names.length > LISTED ? [`  and ${names.length - LISTED} more`] : [];
    return [`${names.length} ${text}:`, ...names.slice(0, LISTED).map((name) => `  ${name}`), ...rest];
  });

export async function restore(run: Run, file: string): Promise<Outcome> {
  const { stack, engine, yes } = run;
  const { text, state } = readBackup(file);
  // Pulumi refuses another stack's state, and takes another project's.
  requireOf(run, state, file);
  if (state.stack === undefined) {
    throw new ToolError(`${file} holds no resources, so nothing says which stack it is of; fix: name another backup`);
  }
  await requireUnlocked(run);
  const { state: present } = await exportState(run);
  const found = difference(present, state);
  const count = found.back.length + found.forgotten.length + found.changed.length;
  const lines = [
    `${file}: ${state.resources.length} resources, written ${state.time ?? "at an unknown time"} by Pulumi ${state.cli ?? "?"}`,
    `now: ${present.resources.length} resources, written ${present.time ?? "never"}`,
    ...(count === 0 ? ["no difference in resources"] : describe(found)),
    ...(state.pending.length > 0
      ? [
          `operations that were pending in it: ${state.pending.length}. The import drops them: what an interrupted create made is not in it`,
        ]
      : []),
  ];
  const json = { file, ...found, restored: false };
  if (!yes) return { exitCode: EXIT.clean, lines: [...lines, "Nothing was done. Run it again with --yes."], json };
  const kept = await makeBackup(run);
  engine.say(`backup of the present state: ${kept.file}`);
  // What was read and judged, not the file again. Never --force: what Pulumi finds broken stays out.
  await engine.ask(["stack", "import", "--stack", stack], { stdin: text });
  const after = difference((await exportState(run)).state, state);
  const wrong = after.back.length + after.forgotten.length;
  return {
    exitCode: wrong === 0 ? EXIT.clean : EXIT.failed,
    lines: [
      ...lines,
      wrong === 0 ? "restored, and read again" : "the state read back is another one",
      `backup of before: ${kept.file}`,
      `next: pulumi preview --refresh --stack ${stack}    # what the restored state lacks`,
    ],
    json: { ...json, restored: wrong === 0, backup: kept.file },
  };
}
