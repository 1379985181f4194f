/**
 * `rollout backup`: has the first server copy its datastore with the token, and brings the copy to another machine.
 * It passes through this process and is never on a disk or an output of the runner.
 */
import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { EXIT } from "../../checks/exit-codes";
import { PROGRAM_FOLDER } from "../../components/machines/host-command";
import { asRoot, checkSudo } from "../../ssh/sudo";
import { ToolError } from "../../tools/cli";
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { baseShape, sshTargetSchema, word } from "../cli/subject";
import { OnHost } from "../hosts/on-host";

const schema = z.strictObject({
  ...baseShape,
  source: sshTargetSchema.describe("The first server."),
  to: sshTargetSchema.describe("The machine that keeps the copy."),
  name: word.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/, { error: "expected letters, digits, '.', '_' or '-'" }),
  datastore: word.optional().describe("What the stack declares; the server itself knows what it has."),
});
type Subject = z.infer<typeof schema>;

/** Where `hosts/backup receive` keeps copies. */
const RECEIVED = "/var/lib/seldon-k3s/backups/received";

export const BACKUP = step<Subject>({
  name: "backup",
  summary: "Copy the datastore and the token to another machine, and compare the copies.",
  details: `An etcd snapshot, or a copy of the SQLite database, with the token and K3s' settings, made by hosts/backup on the
source, mode 0600, streamed to the other machine through this process, its SHA-256 compared there. Nothing of it is
printed or written here. Each run makes a copy of its own time; machines keep the newest ones.`,
  schema,
  place: ({ source }) => source.name,
  run: backup,
});

interface Made {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

async function backup(run: Run<Subject>): Promise<string> {
  const { subject, say } = run;
  const { source, to } = subject;
  if (source.name === to.name || source.address === to.address) {
    throw new ToolError(
      `the copy would stay on ${source.name}, whose loss it is for; fix: name another machine by hosts.backup.to`,
      EXIT.failed,
    );
  }
  const options = { signal: run.signal, say: (line: string) => say("host", line) };
  const from = new OnHost(source, options);
  const keeper = new OnHost(to, options);
  run.defer("the SSH connections", () => Promise.resolve([from, keeper].forEach((host) => host.close())));
  // Both are there before the source begins, which may have to stop K3s for a moment.
  await Promise.all([from.connection(), keeper.connection()]);
  const name = `${subject.name}-${new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "")}`;
  say("backup", `copying the datastore of ${source.name}`);
  const made = parseMade(source.name, await from.program("backup", `name ${name}\n`));
  say("backup", `bringing ${made.bytes} bytes to ${to.name}`);
  await send(from, keeper, name, made, run.signal);
  const kept = `${RECEIVED}/${name}.tar`;
  say("backup", `SHA-256 ${made.sha256} on ${source.name} (${made.path}) and on ${to.name} (${kept})`);
  say("backup", `to go back, as root on ${source.name}, with the copy from ${to.name} if its own is lost:`);
  say("backup", `  mkdir -m 0700 restore && tar -C restore -xf ${made.path} && cat restore/RESTORE`);
  return `the datastore of ${source.name} is kept on ${to.name}`;
}

/** What hosts/backup prints: `backup PATH SHA256 BYTES`. @throws ToolError */
function parseMade(host: string, stdout: string): Made {
  const [, path, sha256, bytes] = /^backup (\/\S+) ([0-9a-f]{64}) (\d+)$/m.exec(stdout) ?? [];
  if (path === undefined || sha256 === undefined) {
    throw new ToolError(
      `${host}: backup did not say where its copy is; fix: bring the programs there again`,
      EXIT.failed,
    );
  }
  return { path, sha256, bytes: Number(bytes) };
}

/** @throws ToolError when what arrived is not what was sent; SshError when a connection breaks. */
async function send(from: OnHost, keeper: OnHost, name: string, made: Made, signal: AbortSignal): Promise<void> {
  const command = (host: OnHost, words: string): string =>
    asRoot(host.target.user, `${PROGRAM_FOLDER}/backup ${words}`);
  const source = await (await from.connection()).stream(command(from, `send ${name}`), { signal });
  const target = await (
    await keeper.connection()
  ).stream(command(keeper, `receive ${name} ${made.sha256}`), { signal });
  source.stdin.end();
  const digest = createHash("sha256");
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      digest.update(chunk);
      next(null, chunk);
    },
  });
  const answer = text(target.stdout);
  answer.catch(() => undefined);
  await pipeline(source.stdout, counting, target.stdin, { signal });
  const sent = await source.ended;
  assertEnded(from, "send", sent.code, source.stderr());
  const received = await target.ended;
  assertEnded(keeper, "receive", received.code, target.stderr());
  const arrived = (await answer).trim();
  const passed = digest.digest("hex");
  if (passed === made.sha256 && arrived === made.sha256) return;
  throw new ToolError(
    `the copy on ${keeper.target.name} has SHA-256 ${arrived || "none"}, ${passed} went through here, and ${from.target.name} says ${made.sha256}; fix: look for a faulty disk or memory, then run this again`,
    EXIT.failed,
  );
}

function assertEnded({ target }: OnHost, what: string, code: number, stderr: string): void {
  checkSudo(target.name, target.user, { code, stderr });
  if (code === 0) return;
  const [last = "no message"] = stderr.trim().split("\n").slice(-1);
  throw new ToolError(`${target.name}: backup ${what} ended with ${code}: ${last}`, EXIT.failed);
}
