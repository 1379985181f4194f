/** Root's rights on a machine: the login itself, or `sudo` without a password. */
import { SshError } from "./errors";
import type { RunResult } from "./session";

/** The command as root. `-n`: sudo fails where it would ask for a password, and never waits for one. */
export const asRoot = (user: string, command: string): string => (user === "root" ? command : `sudo -n -- ${command}`);

/** What sudo, its replacements and the shell say when it may not be used without a password, or is not there. */
const REFUSALS =
  /a password is required|a terminal is required|may not run sudo|is not in the sudoers|not allowed to execute|interactive authentication is required|sudo(?::|-rs:)? (?:command )?not found|sudo: not found/i;

/** Whether a command that was sent through {@link asRoot} failed because of sudo and never ran. */
export const sudoRefused = (user: string, { code, stderr }: Pick<RunResult, "code" | "stderr">): boolean =>
  user !== "root" && code !== 0 && REFUSALS.test(stderr);

/** @throws SshError `login-refused` where sudo kept the command from running; else gives the result back. */
export function checkSudo<Result extends Pick<RunResult, "code" | "stderr">>(
  host: string,
  user: string,
  result: Result,
): Result {
  if (!sudoRefused(user, result)) return result;
  const [said = ""] = result.stderr.trim().split("\n").slice(-1);
  const message = `user "${user}" may not use sudo without a password (${said}); root's rights are needed`;
  const fix = `on ${host}: echo '${user} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/seldon-k3s, or log in as root`;
  throw new SshError(host, "login-refused", message, { fix });
}
