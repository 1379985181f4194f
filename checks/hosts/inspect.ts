/** Runs `hosts/inspect` on a machine over SSH: before anything is installed there, and without leaving anything. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SshError, type SshSession } from "../../ssh/client";
import { asRoot, checkSudo } from "../../ssh/sudo";
import { sshCommand } from "../../ssh/target";
import type { SshTarget } from "../../config/derive";
import { redact } from "../evidence/redact";
import { LookError } from "../verdict";
import { FactsFault, type HostFacts, parseFacts } from "./facts";

const PROGRAM = join(__dirname, "../../hosts/inspect");

/** A look at a machine, and how far its clock is from ours. */
export interface Inspection {
  readonly facts: HostFacts;
  /** The machine's clock minus this machine's, in seconds. */
  readonly clockOffset: number;
  /** How wrong that may be: half of the time that the answer took, in seconds. */
  readonly clockError: number;
}

/** The command that does the same by hand. */
export const inspectCommand = (target: SshTarget): string =>
  `${sshCommand(target)} '${asRoot(target.user, "sh -s")}' < hosts/inspect`;

/** @throws LookError naming the machine. */
export async function inspect(session: SshSession, target: SshTarget, signal: AbortSignal): Promise<Inspection> {
  const clock = { asked: Date.now(), told: Date.now() };
  const result = await session.run(asRoot(target.user, "sh -s"), {
    stdin: readFileSync(PROGRAM),
    signal,
    onLine: (line) => {
      if (line.startsWith("epoch ")) clock.told = Date.now();
    },
  });
  checkSudo(target.name, target.user, result);
  if (result.code !== 0) {
    const [said = "nothing"] = redact(result.stderr).trim().split("\n").slice(-1);
    throw new LookError(`${target.name}: hosts/inspect ended with exit code ${result.code} (${said})`, {
      fix: inspectCommand(target),
    });
  }
  const facts = factsOf(result.stdout, target);
  const middle = (clock.asked + clock.told) / 2000;
  return { facts, clockOffset: facts.epoch - middle, clockError: (clock.told - clock.asked) / 2000 };
}

function factsOf(text: string, target: SshTarget): HostFacts {
  try {
    return parseFacts(text);
  } catch (error) {
    if (!(error instanceof FactsFault)) throw error;
    throw new LookError(`${target.name}: hosts/inspect printed something else than facts: ${error.message}`, {
      fix: inspectCommand(target),
      cause: error,
    });
  }
}

/** Kinds of failure that another moment does not cure. */
const FINAL: readonly SshError["kind"][] = ["wrong-host-key", "login-refused", "no-agent", "bastion-refused"];

/** A failure of SSH as the checks tell it. Anything else is given back as it is. */
export function lookErrorOf(error: unknown): unknown {
  if (!(error instanceof SshError)) return error;
  return new LookError(error.message, { fix: error.fix, final: FINAL.includes(error.kind), cause: error });
}
