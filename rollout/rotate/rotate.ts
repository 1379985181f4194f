/** `rollout rotate`: new certificates, a new token or a new key of Secrets, machine by machine. */
import { z } from "zod";
import { createLimit } from "../../checks/engine/limit";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import { step } from "../cli/command";
import type { Run } from "../cli/run";
import { baseShape, sshTargetSchema, word } from "../cli/subject";
import { RotatingHost, WHATS } from "./rotating-host";
import { stackToken, TokenFile } from "./token-file";

/** Parts of the step beside the machines. */
const ASK = "ask every machine";
const CLOSE = "end the rotation";

/** Machines that are asked at a time. */
const AT_ONCE = 8;

const schema = z
  .strictObject({
    ...baseShape,
    what: z.enum(WHATS).describe("What is rotated."),
    servers: z.array(sshTargetSchema).min(1).describe("All servers; the first one begins."),
    agents: z.array(sshTargetSchema).default([]).describe("All agents. They have no part in the key of Secrets."),
    preview: z.boolean().describe("Only say what every machine would do."),
    tokenFile: word
      .optional()
      .describe("Absolute path of the file (0600) that the new token is written to, here on the runner."),
  })
  .refine(({ what, preview, tokenFile }) => preview || (what === "token") === (tokenFile !== undefined), {
    error: "expected tokenFile with the token, and with nothing else",
  });
type Subject = z.infer<typeof schema>;

export const ROTATE = step<Subject>({
  name: "rotate",
  summary: "Renew K3s' certificates, the cluster's token, or the key of its Secrets, one machine at a time.",
  details: `Every machine is asked first; where one says no, nothing is changed. Then the first server, the other servers, and the
agents (not for the key of Secrets), one after the other; each is back and well before the next one begins, and a server
restarts only while all others are up. hosts/rotate --help says what happens on a machine.
An interrupted run is gone on with by the next one, from any runner: the first server knows which rotation is under way,
and each machine what it has done.
The token is made by K3s. It goes from the first server to the others through this process, and into tokenFile for the
stack's secret; it is on no command line, and nothing prints it. Snapshots of before need the old one: the copy of
the datastore that the first server makes has it.`,
  schema,
  run: rotate,
});

/** The machines that have a part, servers first. */
function machinesOf(run: Run<Subject>): readonly [RotatingHost, ...RotatingHost[]] {
  const { what, servers, agents } = run.subject;
  const names = servers.map(({ name }) => name);
  const all = [
    ...servers.map((target) => ({ target, role: "server" as const })),
    ...(what === "encryption-key" ? [] : agents.map((target) => ({ target, role: "agent" as const }))),
  ].map(({ target, role }, index) => {
    const others = role === "server" ? names.filter((name) => name !== target.name) : [];
    const host = new RotatingHost(
      { what, target, role, first: index === 0, others },
      { signal: run.signal, say: (line) => run.say(target.name, line) },
    );
    run.defer(`the SSH connection to ${target.name}`, () => Promise.resolve(host.end()));
    return host;
  });
  const [first, ...rest] = all;
  if (first === undefined) throw new Error("the schema lets no subject pass without a server");
  return [first, ...rest];
}

/** Asks every machine, and says what each would do. @throws ToolError that names every machine that says no. */
async function askAll(run: Run<Subject>, machines: readonly RotatingHost[], rotation: string): Promise<void> {
  const limit = createLimit(AT_ONCE);
  const answers = await Promise.all(
    machines.map((machine) =>
      limit(async () => {
        try {
          return { machine, says: (await machine.check(rotation)).says };
        } catch (error) {
          run.signal.throwIfAborted();
          const { message, fix } = error as Error & { fix?: unknown };
          return { machine, fault: `${message}${typeof fix === "string" ? `; fix: ${fix}` : ""}` };
        }
      }),
    ),
  );
  for (const { machine, says } of answers) if (says !== undefined) run.note(machine.name, says);
  const faults = answers.flatMap(({ fault }) => (fault === undefined ? [] : [`- ${fault.replaceAll("\n", "\n  ")}`]));
  if (faults.length > 0) {
    throw new ToolError(
      ["nothing was changed, because not every machine is ready:", ...faults].join("\n"),
      EXIT.failed,
    );
  }
}

async function rotate(run: Run<Subject>): Promise<string> {
  const { what, preview, tokenFile } = run.subject;
  const machines = machinesOf(run);
  const [first, ...rest] = machines;
  const fresh = `${what}-${new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "")}`;
  run.expect([ASK, ...(preview ? [] : [...machines.map(({ name }) => name), CLOSE])]);
  const open = await run.part(ASK, async () => {
    const { open } = await first.check(fresh);
    if (open !== undefined) run.note("rotate", `going on with ${open}, which an interrupted run has begun`);
    await askAll(run, machines, open ?? fresh);
    return open;
  });
  if (preview) return `preview of the ${what}: ${machines.length} machines would be changed; nothing was`;

  const file = tokenFile === undefined ? undefined : new TokenFile(tokenFile);
  if (file !== undefined) {
    await file.claim(open !== undefined);
    run.defer("the empty file for the token", () => file.tidy());
  }
  const { rotation, tokens } = await run.part(first.name, async () => {
    const rotation = await first.open(fresh);
    run.say(first.name, `${what}: the first of ${machines.length} machines`);
    await first.turn(rotation);
    const tokens = what === "token" ? await first.give(rotation) : undefined;
    // Before the others: a run that ends here has not taken the token along.
    if (tokens !== undefined) await file?.keep(stackToken(tokens));
    return { rotation, tokens };
  });
  for (const [index, machine] of rest.entries()) {
    run.signal.throwIfAborted();
    await run.part(machine.name, () => {
      run.say(machine.name, `${what}: machine ${index + 2} of ${machines.length}`);
      return machine.turn(rotation, tokens);
    });
  }
  await run.part(CLOSE, () => first.close(rotation));
  if (tokens !== undefined) {
    run.note("rotate", `the new token is in ${tokenFile} (0600). Make it the stack's, then remove the file:`);
    run.note(
      "rotate",
      `  pulumi config set --secret k3sToken -s ${run.subject.stack} <${tokenFile} && rm ${tokenFile}`,
    );
  }
  return `the ${what}: rotated on ${machines.length} machines`;
}
