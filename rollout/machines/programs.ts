/** `rollout programs`: brings the programs of `hosts/` to every machine. */
import { z } from "zod";
import { messageOf } from "../../config/thrown";
import { createLimit } from "../../checks/engine/limit";
import { redact } from "../../checks/evidence/redact";
import { hostPrograms, programsDigest } from "../../components/machines/programs";
import { withSession } from "../../ssh/client";
import { asRoot, checkSudo } from "../../ssh/sudo";
import type { SshTarget } from "../../ssh/target";
import { ToolError } from "../../tools/cli";
import type { RolloutCommand } from "../cli/command";
import { baseShape, sshTargetSchema, word } from "../cli/subject";
import { installScript } from "./install-script";

/** Machines at a time: each is a connection and a hundred kilobytes. */
const AT_ONCE = 8;

const schema = z.strictObject({
  ...baseShape,
  targets: z.array(sshTargetSchema).min(1).describe("The machines."),
  converge: z.int().min(0).describe("hosts.converge: a new number is a changed subject."),
  programs: word.describe("Digest of the programs, so that a changed program is a changed subject."),
});

const fixOf = (error: unknown): string => {
  const fix = (error as { fix?: unknown } | undefined)?.fix;
  return typeof fix === "string" ? `; fix: ${fix}` : "";
};

/** @returns `written` or `there`. @throws SshError | Error when the machine could not be reached or written to. */
async function install(target: SshTarget, script: string, signal: AbortSignal): Promise<string> {
  return withSession(target, { signal }, async (session) => {
    const result = await session.run(asRoot(target.user, "sh -s"), { stdin: script, signal });
    const { code, stdout, stderr } = checkSudo(target.name, target.user, result);
    if (code !== 0) throw new Error(`writing the programs ended with ${code}: ${redact(stderr).trim()}`);
    return stdout.trim();
  });
}

export const PROGRAMS: RolloutCommand<z.infer<typeof schema>> = {
  name: "programs",
  summary: "Bring the programs of hosts/ to every machine.",
  details:
    "All machines are tried, and every one that could not be written to is named. Nothing else on them is touched.",
  schema,
  needsCluster: false,
  run: async (run) => {
    const { subject, signal } = run;
    const programs = hostPrograms();
    const digest = programsDigest(programs);
    const script = installScript(programs, digest);
    const limit = createLimit(AT_ONCE);
    const faults: string[] = [];
    await Promise.all(
      subject.targets.map((target) =>
        limit(async () => {
          try {
            const task = async () => run.say(target.name, await install(target, script, signal));
            await run.part(target.name, task, { resultOf: (_, told) => told });
          } catch (error) {
            signal.throwIfAborted();
            faults.push(`- ${target.name}: ${messageOf(error)}${fixOf(error)}`);
          }
        }),
      ),
    );
    if (faults.length > 0) {
      throw new ToolError(["programs could not be brought to every machine:", ...faults.sort()].join("\n"), 1);
    }
    return `programs ${digest.slice(0, 12)} on ${subject.targets.length} machines`;
  },
};
