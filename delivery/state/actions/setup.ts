/** `setup`: a backend, a key and the stack in them. Shows everything first. */
import { statSync } from "node:fs";
import path from "node:path";
import { EXIT } from "../../../checks/exit-codes";
import { isTree } from "../../../config/tree";
import { ToolError } from "../../../tools/cli";
import type { Backend } from "../backends";
import type { Engine } from "../engine";
import type { SecretsProvider } from "../providers";
import { exportState, type Outcome, requireUnlocked, type Run } from "../run";
import { checkKey, providerOf, readStackKey } from "../stack-key";
import { shown, type Step } from "../step";
import { type Chosen, openPart } from "../urls";
import { needLine } from "../variables";

export interface Setup {
  readonly backend: Chosen<Backend>;
  readonly provider: Chosen<SecretsProvider>;
}

export const LOGIN_WHY = "make it this user's backend; PULUMI_BACKEND_URL goes before it";

/** What is done, in order: the clouds' own commands, then Pulumi's. Pure. */
export function setupSteps(
  stack: string,
  { backend, provider }: Setup,
  env: NodeJS.ProcessEnv,
): {
  readonly cloud: readonly Step[];
  readonly pulumi: readonly Step[];
} {
  return {
    cloud: [...backend.row.create(backend.url, env), ...provider.row.create(provider.url, env)],
    pulumi: [
      { argv: ["pulumi", "login", backend.text], why: LOGIN_WHY },
      {
        argv: ["pulumi", "stack", "init", stack, "--secrets-provider", provider.text, "--no-select"],
        why: `make the stack; its key goes into Pulumi.${stack}.yaml, which you commit`,
      },
    ],
  };
}

/** The environment must not lead the next command elsewhere. */
function requireOneBackend(asked: string, { PULUMI_BACKEND_URL: set = "" }: NodeJS.ProcessEnv): void {
  if (set === "" || set === asked) return;
  throw new ToolError(
    `PULUMI_BACKEND_URL is ${openPart(set)}, --backend ${openPart(asked)}; fix: set both to the one that is meant, or leave --backend out`,
  );
}

/** A passphrase that others may read is none. */
function requirePrivate({ PULUMI_CONFIG_PASSPHRASE_FILE: file = "" }: NodeJS.ProcessEnv): void {
  const stats = file === "" ? undefined : statSync(file, { throwIfNoEntry: false });
  if (stats === undefined || (stats.mode & 0o077) === 0) return;
  throw new ToolError(`${file} may be read by others; fix: chmod 600 ${file}`);
}

/** The stack's key, once made, is not made again by a second set-up. */
function requireSameProvider({ stack }: Run, file: string, asked: string): void {
  const present = providerOf(readStackKey(file));
  if (present === undefined || present === asked) return;
  throw new ToolError(
    `${path.basename(file)} names the key ${openPart(present)}, asked for is ${openPart(asked)}; fix: pulumi stack change-secrets-provider --stack ${stack} PROVIDER, or set up with the present one`,
  );
}

async function stackExists(engine: Engine, stack: string): Promise<boolean> {
  const list: unknown = JSON.parse(await engine.ask(["stack", "ls", "--json"]));
  return Array.isArray(list) && list.some((entry) => isTree(entry) && entry["name"] === stack);
}

const stepLines = (steps: readonly Step[]): string[] =>
  steps.flatMap(({ argv, why }) => [`  ${shown(argv)}`, `      # ${why}`]);

/** @param run Its engine uses the backend that is set up. */
export async function setup(run: Run, chosen: Setup): Promise<Outcome> {
  const { stack, engine, env, yes } = run;
  const { backend, provider } = chosen;
  const stackFile = path.join(engine.folder, `Pulumi.${stack}.yaml`);
  requireOneBackend(backend.text, env);
  requirePrivate(env);
  requireSameProvider(run, stackFile, provider.text);
  const steps = setupSteps(stack, chosen, env);
  const about = [
    `backend: ${backend.row.name}; keeps versions by: ${backend.row.versions}`,
    `key: ${provider.row.scheme}; can decrypt: ${provider.row.who}`,
    ...[...backend.row.needs, ...provider.row.needs].map((need) => `  ${needLine(need, env)}`),
  ];
  const json = { stack, backend: backend.text, secretsProvider: provider.text, steps };
  if (!yes) {
    return {
      exitCode: EXIT.clean,
      lines: [...about, ...stepLines([...steps.cloud, ...steps.pulumi]), "Nothing was done. Run it again with --yes."],
      json: { ...json, done: false },
    };
  }
  const left = await engine.take(steps.cloud);
  requirePrivate(env);
  const [login, init] = steps.pulumi.map(({ argv }) => argv.slice(1)) as [string[], string[]];
  await engine.ask(login);
  const isNew = !(await stackExists(engine, stack));
  if (isNew) await engine.ask(init);
  // Takes the lock and gives it back: a write and a read in the backend.
  await requireUnlocked(run);
  await exportState(run);
  const key = await checkKey(engine, run, readStackKey(stackFile));
  return {
    exitCode: key.works && !left.some(({ failed }) => failed) ? EXIT.clean : EXIT.failed,
    lines: [
      ...about,
      ...left.flatMap(({ step, reason }) => [`left to you (${reason}):`, ...stepLines([step])]),
      isNew ? `made stack ${stack}` : `stack ${stack} was there already`,
      "the backend was written to and read",
      key.works ? "the key encrypted and decrypted a word" : `the key does not work: ${key.problem ?? ""}`,
      `next: ${shown(["export", `PULUMI_BACKEND_URL=${backend.text}`])}, here and in CI; commit Pulumi.${stack}.yaml`,
    ],
    json: {
      ...json,
      done: key.works,
      made: isNew,
      left: left.map(({ step, reason }) => ({ argv: step.argv, reason })),
      key,
    },
  };
}
