import { local } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { type GateId, gateSubject, type Subject } from "../checks/subject";
import { canonicalJson, digest } from "./canonical";

/** Arguments of {@link gate}. */
export interface GateArgs {
  /** Which readiness check to run; `checks/` defines what each one waits for. */
  readonly id: GateId;
  /**
   * What the checks of the stack look at, and for how long (`timeoutSeconds`); the gate gets the part that it looks at.
   * Holds no secret: it is passed and stored in clear.
   */
  readonly subject: Subject;
  /**
   * Further values whose change makes the gate run again, such as a release's version. The digest of
   * the gate's part of the subject is always one of them.
   *
   * @default none
   */
  readonly triggers?: readonly pulumi.Input<string>[];
}

/**
 * A readiness gate: a check that is polled until it passes or its time is up, and fails the deployment then. What must
 * not start before it passes depends on the returned resource.
 *
 * It is a command and not a resource hook, so that the Pulumi engine and the in-process runtime run the same wait. The
 * command runs in the project folder; it names no absolute path, so that two checkouts plan the same. The output of the
 * run before is not handed to the next one (`addPreviousOutputInEnv: false`): a gate looks afresh.
 */
export function gate(name: string, args: GateArgs, opts: pulumi.CustomResourceOptions): local.Command {
  const subject = gateSubject(args.id, args.subject);
  return new local.Command(
    name,
    {
      create: `node tools/run.mjs gate ${args.id}`,
      stdin: canonicalJson(subject),
      addPreviousOutputInEnv: false,
      triggers: [digest(subject), ...(args.triggers ?? [])],
    },
    opts,
  );
}
