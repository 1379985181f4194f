/** `npm run rotate`: the step `rollout rotate` for a person. Its subject comes from the stack file. */
import path from "node:path";
import { CONFIG_FILE } from "../../checks/cli/flags";
import type { Io } from "../../terminal/io";
import { sshTarget } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { type CommandLine, ToolError, type ToolExit } from "../../tools/cli";
import { runStackStep } from "../cli/by-stack";
import { type What, WHATS } from "./rotating-host";

/** Bound for one machine in seconds: a restart of 600, and as much again for whoever it has to wait for. */
const MACHINE_SECONDS = 1_500;
/** Bound for writing every Secret anew, in seconds: what `hosts/rotate` gives it. */
const REENCRYPT_SECONDS = 3_600;
/** Longest time that a step may have. */
const MOST_SECONDS = 86_400;

const FLAGS = {
  yes: { type: "boolean", summary: "do it; without this flag only what every machine would do is shown" },
  "token-file": {
    type: "string",
    value: "FILE",
    summary: "token only: file (0600) that the new token is written to, for the stack's secret k3sToken",
  },
  "config-file": CONFIG_FILE,
} as const;

const COMMAND: CommandLine<typeof FLAGS> = {
  name: "rotate",
  summary:
    `Renews what the cluster trusts: ${WHATS.join(", ")}. Without --yes nothing is changed: every machine is\n` +
    "asked what it would do. With it, one machine at a time, servers first; K3s restarts on each, containers keep running.\n" +
    "Run it again after an interruption: it goes on. docs/runbooks/certificate-rotation.md and token-rotation.md.",
  positionals: ["<stack>", `<${WHATS.join("|")}>`],
  flags: FLAGS,
  notes:
    "Keys to log in come from the SSH agent (SSH_AUTH_SOCK). No token is on a command line or in the output.\n" +
    "Exit codes: 0 done or shown, 1 failed or refused, 2 could not look, 130 interrupted.",
};

interface Wish {
  readonly what: What;
  readonly yes: boolean;
  readonly tokenFile: string | undefined;
}

/** What was asked for. @throws ToolError for what cannot be rotated, and for a token that would go nowhere. */
function wishOf(text: string, yes: boolean, tokenFile: string | undefined): Wish {
  const what = WHATS.find((known) => known === text);
  if (what === undefined) throw new ToolError(`cannot rotate "${text}"; allowed: ${WHATS.join(", ")}`);
  if (what !== "token" && tokenFile !== undefined) {
    throw new ToolError(`--token-file is for the token; fix: remove it, or rotate the token`);
  }
  if (what === "token" && yes && tokenFile === undefined) {
    throw new ToolError(
      "the new token must be kept: without it no machine can join, and the stack's secret k3sToken would be the old one; fix: add --token-file FILE",
    );
  }
  return { what, yes, tokenFile: tokenFile === undefined ? undefined : path.resolve(tokenFile) };
}

/** The step's subject. @throws ToolError where the stack has no machines, or nothing of that kind to rotate. */
export function rotateSubject(
  stack: string,
  { cluster, hosts, k3s }: Pick<StackConfig, "cluster" | "hosts" | "k3s">,
  { what, yes, tokenFile }: Wish,
) {
  if (hosts === undefined) {
    throw new ToolError(
      `stack ${stack} declares no machines (hosts), so there is none to rotate on; fix: rotate where K3s is managed`,
    );
  }
  if (what === "encryption-key" && !k3s.secretsEncryption) {
    throw new ToolError(
      `stack ${stack} does not encrypt Secrets (k3s.secretsEncryption: false), so there is no key; K3s cannot begin that on a cluster that runs`,
    );
  }
  const [servers, agents] = [hosts.servers, hosts.agents].map((list) => list.map((host) => sshTarget(host, hosts)));
  const machines = hosts.servers.length + hosts.agents.length;
  return {
    stack,
    kubeconfig: cluster.kubeconfigFile,
    ...(cluster.uid === undefined ? {} : { uid: cluster.uid }),
    timeoutSeconds: Math.min(MOST_SECONDS, machines * MACHINE_SECONDS + REENCRYPT_SECONDS),
    what,
    servers,
    agents,
    preview: !yes,
    ...(yes && tokenFile !== undefined ? { tokenFile } : {}),
  };
}

/** Runs the command to its exit code. Faults are told on standard error. */
export const runRotate = (argv: readonly string[], io: Io): Promise<ToolExit> =>
  runStackStep(
    {
      command: COMMAND,
      subjectOf: (stack, { flags, positionals: [, what = ""] }, readConfig) => {
        const wish = wishOf(what, flags.yes === true, flags["token-file"]);
        return rotateSubject(stack, readConfig(), wish);
      },
    },
    argv,
    io,
  );
