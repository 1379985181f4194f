/**
 * `rollout backup`: has the first server copy its datastore with the token, and brings the copy to another machine or
 * to a bucket. It passes through this process and is never on a disk or an output of the runner.
 */
import { z } from "zod";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { baseShape, sshTargetSchema, word } from "../cli/subject";
import { OnHost } from "../hosts/on-host";
import { BucketKeeper } from "./bucket-keeper";
import type { Keeper } from "./keeper";
import { machineKeeper } from "./machine";
import { archiveOf, makeBackup } from "./program";
import { targetShape } from "./target";

const schema = z
  .strictObject({
    ...baseShape,
    ...targetShape,
    source: sshTargetSchema.describe("The first server."),
    name: word.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/, { error: "expected letters, digits, '.', '_' or '-'" }),
    datastore: word.optional().describe("What the stack declares; the server itself knows what it has."),
  })
  .refine(({ to, s3 }) => (to === undefined) !== (s3 === undefined), {
    error: "expected one of `to` (a machine) and `s3` (a bucket)",
  });
type Subject = z.infer<typeof schema>;

export const BACKUP = step<Subject>({
  name: "backup",
  summary: "Copy the datastore and the token to another machine or to S3, and compare the copies.",
  details: `An etcd snapshot, or a copy of the SQLite database, with the token and K3s' settings, made by hosts/backup on the
source, mode 0600, streamed through this process to another machine or into a bucket. Nothing of it is printed or
written here. Each run makes a copy of its own time.
- A machine (hosts.backup.to) computes the copy's SHA-256. Source and machine each keep their newest 5.
- A bucket (hosts.backup.s3): encrypted by the store, each part sent with its SHA-256, the object read back whole and
  compared. It is looked at before the source begins, and a copy that is unfinished or differs is removed from it.
  Complete copies are not: that is for the bucket's lifecycle rules. Credentials are those of the environment, found as
  by every program with an AWS SDK (AWS_ACCESS_KEY_ID, AWS_PROFILE, a role), and never part of the subject.
The commands that restore the copy are printed at the end.`,
  schema,
  place: ({ source }) => source.name,
  run: backup,
});

async function backup(run: Run<Subject>): Promise<string> {
  const { subject, say, signal } = run;
  const { source } = subject;
  const from = hostOf(run, source);
  const keeper = keeperOf(run);
  const name = `${subject.name}-${new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "")}`;
  const parts = { connect: "connect", copy: `copy on ${source.name}`, bring: `bring it to ${keeper.place}` };
  run.expect(Object.values(parts));
  // Both are there before the source begins, which may have to stop K3s for a moment.
  await run.part(parts.connect, async () => {
    await from.connection();
    await keeper.open(name);
  });
  const made = await run.part(parts.copy, () => {
    say("backup", `copying the datastore of ${source.name}`);
    return makeBackup(from, name);
  });
  const { path, sha256 } = await run.part(parts.bring, () => {
    say("backup", `bringing ${made.bytes} bytes to ${keeper.place}`);
    return keeper.keep(archiveOf(from, made, signal), made);
  });
  if (sha256 !== made.sha256) {
    throw new ToolError(
      `the copy on ${keeper.place} has SHA-256 ${sha256 || "none"}, and ${source.name} says and sent ${made.sha256}; fix: look for a faulty disk or memory, then run this again`,
      EXIT.failed,
    );
  }
  run.note("backup", `SHA-256 ${made.sha256} on ${source.name} (${made.path}) and on ${keeper.place} (${path})`);
  for (const line of keeper.restore(made, source.name)) run.note("backup", line);
  return `the datastore of ${source.name} is kept on ${keeper.place}`;
}

/** A machine, whose connection ends with the run. */
function hostOf(run: Run<Subject>, target: Subject["source"]): OnHost {
  const host = new OnHost(target, { signal: run.signal, say: (line) => run.say("host", line) });
  run.defer(`the SSH connection to ${target.name}`, () => Promise.resolve(host.close()));
  return host;
}

/** @throws ToolError where the copy would stay where it is made. */
function keeperOf(run: Run<Subject>): Keeper {
  const { to, s3, source } = run.subject;
  if (s3 !== undefined) return new BucketKeeper(s3, run);
  if (to === undefined) throw new Error("the schema lets no subject pass that names no place");
  if (source.name === to.name || source.address === to.address) {
    throw new ToolError(
      `the copy would stay on ${source.name}, whose loss it is for; fix: name another machine by hosts.backup.to, or a bucket by hosts.backup.s3`,
      EXIT.failed,
    );
  }
  return machineKeeper(hostOf(run, to), run.signal);
}
