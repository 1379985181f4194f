import { remote, type types } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { SshTarget } from "../../config/derive";

/** Where the programs of `hosts/` are on every machine; `rollout programs` brings them there. */
export const PROGRAM_FOLDER = "/usr/local/lib/seldon-k3s";

/** The programs that the stack runs on machines. */
export type HostProgram = "backup" | "clean" | "guard" | "k3s" | "settings" | "token" | "uninstall";

/** Arguments of {@link hostCommand}. */
export interface HostCommandArgs {
  readonly target: SshTarget;
  /** Program and arguments to run at create and at every change of the request. @default nothing is run */
  readonly run?: readonly [HostProgram, ...string[]];
  /** Program and arguments to run when the resource is deleted. @default nothing */
  readonly onDelete?: readonly [HostProgram, ...string[]];
  /** Request on standard input, the same for both. A secret stays one. */
  readonly request: pulumi.Input<string>;
}

/** How long a machine may take to answer, and how often it is tried: a machine that boots is given 5 minutes. */
const DIALS = { dialErrorLimit: 20, perDialTimeout: 15 };

/** Connection of the command provider: no key and no password, so that none is ever stored; the SSH agent has them. */
function connectionOf({ address, port, user, hostKey, bastion }: SshTarget): types.input.remote.ConnectionArgs {
  return {
    host: address,
    port,
    user,
    hostKey,
    ...DIALS,
    ...(bastion === undefined
      ? {}
      : {
          proxy: {
            host: bastion.address,
            port: bastion.port,
            user: bastion.user,
            hostKey: bastion.hostKey,
            ...DIALS,
          },
        }),
  };
}

/** The command line. It holds constants only: what a program shall do is on its standard input. */
function commandLine({ user }: SshTarget, [program, ...args]: readonly [HostProgram, ...string[]]): string {
  const line = [`${PROGRAM_FOLDER}/run`, program, ...args].join(" ");
  return user === "root" ? line : `sudo -n ${line}`;
}

/**
 * A program that runs on a machine. It is idempotent and decides for itself what is to do, so that a changed request, a
 * changed address or a second run restarts nothing that is right already.
 *
 * There are no triggers: a change of one would delete and create (@pulumi/command 1.2.1). Progress comes on standard
 * error and is shown as it comes; standard output is for programs.
 */
export function hostCommand(
  name: string,
  { target, run, onDelete, request }: HostCommandArgs,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  return new remote.Command(
    name,
    {
      connection: connectionOf(target),
      // Without anything to run the connection is still proven: a machine that cannot be cleaned later is found now.
      create: run === undefined ? "true" : commandLine(target, run),
      ...(onDelete === undefined ? {} : { delete: commandLine(target, onDelete) }),
      stdin: request,
      logging: "stderr",
      addPreviousOutputInEnv: false,
    },
    opts,
  );
}
