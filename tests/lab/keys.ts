/** SSH keys of a lab: one to log in with, which an agent holds, and one a host, which the stack's configuration pins. */
import { readFileSync } from "node:fs";
import type { LabFolder } from "./folder";
import type { Keeper } from "./keeper";
import { mustRun, waitFor } from "./processes";
import { start } from "./processes";

/** Makes a key pair below the lab's folder; gives the public part, without its comment. */
export async function makeKey(folder: LabFolder, name: string): Promise<string> {
  folder.folder("keys");
  await mustRun("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder.file("keys", name)]);
  return publicKey(folder, name);
}

export function publicKey(folder: LabFolder, name: string): string {
  const [kind, key] = readFileSync(folder.file("keys", `${name}.pub`), "utf8").split(" ");
  return `${kind} ${key}`;
}

/** Name of the key to log in with. */
export const LOGIN_KEY = "login";

/** Path of the agent's socket. */
export const agentSocket = (folder: LabFolder): string => folder.file("agent.sock");

/** Starts an SSH agent in the lab, so that it ends with it, and gives it the key to log in with. */
export async function startAgent(folder: LabFolder, keeper: Keeper): Promise<void> {
  const socket = agentSocket(folder);
  const agent = await start("nsenter", [...keeper.entry, "ssh-agent", "-D", "-a", socket], {
    stdio: "ignore",
    detached: true,
  });
  agent.unref();
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  await waitFor("the lab's SSH agent", 10, async () => {
    try {
      await mustRun("ssh-add", ["-q", folder.file("keys", LOGIN_KEY)], { env });
      return true;
    } catch {
      return undefined;
    }
  });
}
