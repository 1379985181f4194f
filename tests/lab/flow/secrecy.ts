/** Whether a secret shows where others can read it: in command lines of any process, in files of this machine and of hosts. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LabHost } from "../host";

/** Looks at the command lines of all processes now and then; those of the hosts are among this machine's. */
export class CommandLines {
  readonly #seen = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #looks = 0;

  /** @param secret What no command line may hold. */
  constructor(secret: string, everyMs = 250) {
    this.#timer = setInterval(() => {
      this.#looks += 1;
      for (const pid of readdirSync("/proc")) {
        const line = /^\d+$/.test(pid) ? readLine(`/proc/${pid}/cmdline`) : "";
        if (line.includes(secret)) this.#seen.add(line.replaceAll("\0", " ").replaceAll(secret, "[secret]"));
      }
    }, everyMs);
  }

  /** Ends looking. How often it was looked, and which command lines held the secret. */
  stop(): { readonly looks: number; readonly seen: readonly string[] } {
    clearInterval(this.#timer);
    return { looks: this.#looks, seen: [...this.#seen] };
  }
}

/** Text of a file; nothing where the process is gone. */
function readLine(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Files under a folder of this machine that hold the secret, relative to it. */
export function filesWith(secret: string, folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(secret))
    .map((path) => path.slice(folder.length + 1))
    .sort();
}

/** Files of a host that hold the secret, logs and what the stack's programs remember among them; images left out. */
export async function hostFilesWith(secret: string, host: LabHost): Promise<string[]> {
  const { stdout } = await host.exec(
    "grep -rlIF --exclude-dir=containerd --exclude-dir=images -f - /etc /run /tmp /root /home /var/log /var/lib/seldon-k3s /var/lib/rancher /usr/local 2>/dev/null | sort",
    { input: secret },
  );
  return stdout.split("\n").filter((line) => line !== "");
}
