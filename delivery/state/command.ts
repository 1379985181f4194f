/** `npm run state`: see the help text. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import type { Io } from "../../terminal/io";
import { EXIT, EXIT_INTERRUPTED } from "../../checks/exit-codes";
import { listStacks } from "../../config/stack-file";
import { suggest } from "../../config/suggest";
import { isTree } from "../../config/tree";
import { type CommandLine, parseCommandLine, tell, ToolError, type ToolExit } from "../../tools/cli";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { backup } from "./actions/backup";
import { recover } from "./actions/recover";
import { restore } from "./actions/restore";
import { setup } from "./actions/setup";
import { status } from "./actions/status";
import { unlock } from "./actions/unlock";
import { Engine } from "./engine";
import type { Outcome, Run } from "./run";
import { chooseBackend, chooseProvider } from "./urls";

/** Git-ignored. */
const BACKUPS = "state-backups";

const FLAGS = {
  backend: { type: "string", value: "URL", summary: "setup: where the state is kept (default PULUMI_BACKEND_URL)" },
  "secrets-provider": { type: "string", value: "P", summary: "setup: what encrypts its secrets" },
  out: { type: "string", value: "FOLDER", summary: `folder of the backups (default ${BACKUPS} in the project)` },
  yes: { type: "boolean", summary: "do it; without this flag it is only shown" },
  json: { type: "boolean", summary: "the outcome as JSON on standard output" },
  project: { type: "string", value: "FOLDER", summary: "folder of Pulumi.yaml (default this clone)" },
} as const;

type Flags = ReturnType<typeof parseCommandLine<typeof FLAGS>>["flags"];

interface Action {
  readonly summary: string;
  /** Flags besides --out, --json and --project. */
  readonly flags: readonly (keyof typeof FLAGS)[];
  readonly takesFile?: true;
  readonly act: (run: Run, flags: Flags, file: string, io: Io) => Promise<Outcome>;
}

function setUp(run: Run, flags: Flags, _: string, io: Io): Promise<Outcome> {
  const address = flags.backend ?? run.env["PULUMI_BACKEND_URL"] ?? "";
  const provider = flags["secrets-provider"] ?? "";
  if (address === "") throw new ToolError("missing --backend URL, and PULUMI_BACKEND_URL is not set");
  if (provider === "") throw new ToolError("missing --secrets-provider: what encrypts the secrets, such as passphrase");
  const backend = chooseBackend(address, run.env, run.engine.folder);
  const chosen = { backend, provider: chooseProvider(provider, run.env) };
  return setup({ ...run, engine: new Engine(io, run.engine.folder, backend.text) }, chosen);
}

const ACTIONS: Readonly<Record<string, Action>> = {
  setup: {
    summary: "make backend, key and stack, and prove that they work",
    flags: ["backend", "secrets-provider", "yes"],
    act: setUp,
  },
  status: { summary: "lock, pending operations, last update, key, backup", flags: [], act: (run) => status(run) },
  backup: { summary: "export the state into a file that was read again", flags: [], act: (run) => backup(run) },
  restore: {
    summary: "put the backup FILE in the place of the state, which is backed up first",
    flags: ["yes"],
    takesFile: true,
    act: (run, _, file) => restore(run, file),
  },
  unlock: { summary: "take the lock of a dead update away", flags: ["yes"], act: (run) => unlock(run) },
  recover: { summary: "resolve what a killed update left half done", flags: ["yes"], act: (run) => recover(run) },
};

const NAMES = Object.keys(ACTIONS);
const WIDTH = Math.max(...NAMES.map((name) => name.length));

const COMMAND: CommandLine<typeof FLAGS> = {
  name: "state",
  summary: [
    "Sets up, shows, backs up and mends a stack's state by the Pulumi CLI on PATH:",
    ...Object.entries(ACTIONS).map(([name, { summary }]) => `  ${name.padEnd(WIDTH)}  ${summary}`),
    "What changes something is shown first, and done with --yes.",
  ].join("\n"),
  positionals: ["<stack>", `<${NAMES.join("|")}>`, "[FILE]"],
  flags: FLAGS,
  notes:
    "Secrets come from the environment, as Pulumi reads them (PULUMI_CONFIG_PASSPHRASE_FILE, PGPASSWORD, ...), and are on no\n" +
    "command line. Exit codes: 0 in order, done or shown, 1 something is to mend, or refused, 2 could not look, 130 interrupted.\n" +
    "docs/state-and-secrets.md",
};

function actionOf(name: string): Action {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action !== undefined) return action;
  const near = suggest(name, NAMES);
  throw new ToolError(
    `unknown action "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}; allowed: ${NAMES.join(", ")}`,
  );
}

/** Everywhere the same flags would only be ignored where they mean nothing. */
function requireMeant(name: string, { flags: own, takesFile }: Action, flags: Flags, file: string | undefined): void {
  const always = ["out", "json", "project"];
  const surplus = Object.keys(flags).find(
    (flag) => !always.includes(flag) && !(own as readonly string[]).includes(flag),
  );
  if (surplus !== undefined) throw new ToolError(`--${surplus} means nothing to ${name}; fix: leave it out`);
  if (takesFile === undefined && file !== undefined)
    throw new ToolError(`unexpected argument "${file}": ${name} takes none`);
  if (takesFile !== undefined && file === undefined) throw new ToolError(`missing FILE: the backup to ${name}`);
}

/** Name of the project. @throws ToolError */
function projectName(folder: string): string {
  const file = path.join(folder, "Pulumi.yaml");
  const document: unknown = existsSync(file) ? load(readFileSync(file, "utf8")) : undefined;
  if (isTree(document) && typeof document["name"] === "string") return document["name"];
  throw new ToolError(`${file} names no project; fix: name the folder of Pulumi.yaml by --project`);
}

function requireStack(stack: string, folder: string): void {
  const stacks = listStacks(folder);
  if (stacks.includes(stack)) return;
  throw new ToolError(`there is no stack file Pulumi.${stack}.yaml; there are: ${stacks.join(", ") || "none"}`);
}

/** Runs the command to its exit code. Faults are told on standard error. */
export async function runState(argv: readonly string[], io: Io): Promise<ToolExit> {
  try {
    const { flags, positionals, answer } = parseCommandLine(COMMAND, argv);
    if (answer !== undefined) {
      io.stdout.write(answer);
      return EXIT.clean;
    }
    const [stack = "", name = "", file] = positionals;
    const action = actionOf(name);
    requireMeant(name, action, flags, file);
    const folder = path.resolve(flags.project ?? PROJECT_DIR);
    const project = projectName(folder);
    requireStack(stack, folder);
    const run: Run = {
      stack,
      project,
      engine: new Engine(io, folder),
      env: io.env,
      yes: flags.yes === true,
      out: path.resolve(flags.out ?? path.join(folder, BACKUPS)),
      now: new Date(),
    };
    const outcome = await action.act(run, flags, file === undefined ? "" : path.resolve(file), io);
    io.stdout.write(
      flags.json === true ? `${JSON.stringify(outcome.json, undefined, 2)}\n` : `${outcome.lines.join("\n")}\n`,
    );
    return outcome.exitCode;
  } catch (error) {
    if (io.signal.aborted) {
      io.stderr.write("error: interrupted; run it again: every action may be repeated\n");
      return EXIT_INTERRUPTED;
    }
    const { text, exitCode } = tell(error);
    io.stderr.write(`error: ${text}\n`);
    return exitCode;
  }
}
