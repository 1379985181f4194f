/** Runs a `command:remote:Command` for real, as the command provider does. */
import { z } from "zod";
import { withSession } from "../../ssh/client";
import { tailOf } from "../supervisor";
import type { CommandResult } from "./command";

const endpoint = {
  host: z.string(),
  port: z.number(),
  user: z.string(),
  hostKey: z.string(),
  dialErrorLimit: z.number().optional(),
  perDialTimeout: z.number().optional(),
};

/** Inputs of the resource (@pulumi/command 1.2) as the stack sets them. What is not here is refused rather than ignored. */
const inputsSchema = z.strictObject({
  connection: z.strictObject({ ...endpoint, proxy: z.strictObject(endpoint).optional() }),
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  stdin: z.string().optional(),
  logging: z.string().optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
});

/** What runs it. */
export interface RemoteCommandOptions {
  readonly signal: AbortSignal;
  /** Called with each line of output. */
  readonly onLine: (line: string) => void;
}

/** @throws SshError naming the machine, or Error with the end of the output when the command does not end with 0. */
export async function runRemoteCommand(
  inputs: unknown,
  { signal, onLine }: RemoteCommandOptions,
): Promise<CommandResult> {
  const { connection, create, stdin, logging } = inputsSchema.parse(inputs);
  if (create === undefined) return { stdout: "", stderr: "" };
  const { proxy, host, port, user, hostKey } = connection;
  const target = {
    name: host,
    address: host,
    port,
    user,
    hostKey,
    ...(proxy === undefined
      ? {}
      : { bastion: { address: proxy.host, port: proxy.port, user: proxy.user, hostKey: proxy.hostKey } }),
  };
  const { code, stdout, stderr } = await withSession(target, { signal }, (session) =>
    session.run(create, {
      stdin: stdin ?? "",
      signal,
      onLine: (line, stream) => {
        if (logging === undefined || logging.toLowerCase().includes(stream)) onLine(line);
      },
    }),
  );
  if (code !== 0) throw new Error(`"${create}" on ${host} ended with ${code}:\n${tailOf(`${stderr}${stdout}`)}`);
  return { stdout: stdout.trimEnd(), stderr: stderr.trimEnd() };
}
