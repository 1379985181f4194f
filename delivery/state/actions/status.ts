/** `status`: lock, pending operations, last update, key, backup. */
import path from "node:path";
import { EXIT } from "../../../checks/exit-codes";
import { isTree } from "../../../config/tree";
import { newestBackup } from "../backup-file";
import type { PendingOperation, State } from "../document";
import { ageOf, holderLine } from "../locks";
import { exportState, type Held, lookAtLock, type Outcome, type Run } from "../run";
import { checkKey, isKeyOf, type KeyCheck, readStackKey } from "../stack-key";
import { openPart } from "../urls";

interface LastUpdate {
  readonly kind: string;
  readonly result: string;
  readonly end: string;
}

/** What `pulumi stack history --json` says of the last update. A killed one is not in it. */
export function readHistory(text: string): LastUpdate | undefined {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return undefined;
  }
  const last: unknown = Array.isArray(entries) ? entries[0] : undefined;
  if (!isTree(last)) return undefined;
  const word = (key: string) => (typeof last[key] === "string" ? last[key] : "?");
  return { kind: word("kind"), result: word("result"), end: word("endTime") };
}

/** The backend's address, without credentials. */
async function backendOf({ engine }: Run): Promise<string> {
  const answer: unknown = JSON.parse(await engine.ask(["whoami", "--verbose", "--json"]));
  return openPart(isTree(answer) && typeof answer["url"] === "string" ? answer["url"] : "unknown");
}

interface Seen {
  readonly stack: string;
  readonly held: Held;
  readonly pending: readonly PendingOperation[];
  readonly key: KeyCheck;
  readonly isStatesKey: boolean | undefined;
}

/** What a person has to mend. A running update is nothing of that kind, nor are its operations. */
export function faultsOf({ stack, held, pending, key, isStatesKey }: Seen): readonly string[] {
  const running = held.holders.some(({ life }) => life === "alive");
  return [
    ...(held.holders.length > 0 && !running
      ? [`locked, and nobody here holds it: npm run state -- ${stack} unlock`]
      : []),
    ...(pending.length > 0 && !running ? [`pending operations: npm run state -- ${stack} recover`] : []),
    ...(key.works ? [] : [`the key does not work: ${key.problem ?? "it gives back something else"}`]),
    ...(isStatesKey === false
      ? [
          `the state is encrypted with another key than Pulumi.${stack}.yaml names: use the stack file of its last update`,
        ]
      : []),
  ];
}

const keyLine = ({ provider, works, problem }: KeyCheck): string =>
  `key: ${provider ?? "none"}${works ? ", works (encrypted and decrypted a word)" : `, does not work: ${problem ?? ""}`}`;

const stateLine = ({ time, cli, resources }: State, now: Date): string =>
  time === undefined
    ? "state: empty; nothing was deployed yet"
    : `state: ${resources.length} resources, written ${ageOf(time, now)} ago by Pulumi ${cli ?? "?"}`;

export async function status(run: Run): Promise<Outcome> {
  const { stack, engine, now } = run;
  const backend = await backendOf(run);
  const { state } = await exportState(run);
  const held = await lookAtLock(run);
  const last = readHistory(
    (await engine.pulumi(["stack", "history", "--stack", stack, "--json", "--page-size", "1"])).stdout,
  );
  const stackKey = readStackKey(path.join(engine.folder, `Pulumi.${stack}.yaml`));
  const key = await checkKey(engine, run, stackKey);
  const backup = newestBackup(run, run.out);
  const faults = faultsOf({ stack, held, pending: state.pending, key, isStatesKey: isKeyOf(stackKey, state) });
  return {
    exitCode: faults.length === 0 ? EXIT.clean : EXIT.failed,
    lines: [
      `backend: ${backend}`,
      stateLine(state, now),
      last === undefined
        ? "last update: none is recorded"
        : `last update: ${last.kind} ${last.result}, ended ${last.end}`,
      ...(held.holders.length === 0
        ? ["lock: free"]
        : held.holders.map((holder) => `lock: ${holderLine(holder, now)}`)),
      ...held.steps.map((pid) => `a step of the stack is at work: process ${pid}`),
      `pending operations: ${state.pending.length === 0 ? "none" : state.pending.map(({ type, resource }) => `${type} ${resource.urn}`).join(", ")}`,
      keyLine(key),
      backup === undefined
        ? `backup: none in ${run.out}: npm run state -- ${stack} backup`
        : `backup: ${ageOf(backup.time.toISOString(), now)} old, ${backup.file}`,
      ...faults.map((fault) => `mend: ${fault}`),
    ],
    json: {
      stack,
      backend,
      resources: state.resources.length,
      written: state.time,
      lastUpdate: last,
      lock: held.holders,
      steps: held.steps,
      pending: state.pending.map(({ type, resource }) => ({ operation: type, urn: resource.urn })),
      key,
      backup: backup === undefined ? undefined : { file: backup.file, time: backup.time.toISOString() },
      faults,
    },
  };
}
