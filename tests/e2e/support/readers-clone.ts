/** A copy of this tree in a temporary folder, in which commands are typed as a reader of the pages does. */
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { kubectlFolder } from "./kubectl";
import { PROJECT } from "./sandbox-process";

/** What a fresh clone lacks; node_modules is linked, as if it had been installed. */
const NOT_CLONED = /^(node_modules|\.git|\.cache|charts|plan|bench-results|delivery-out|kubeconfig.*|.*\.log)$/;

export interface Typed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class ReadersClone {
  readonly #parent = mkdtempSync(join(tmpdir(), "sandbox-test-"));
  readonly folder = join(this.#parent, "clone");
  /** Further variables of the reader's shell. */
  readonly variables: Record<string, string> = {};
  #path = "";

  /** Copies the tree and makes it a repository whose only commit is also that of origin/main. */
  async prepare(): Promise<void> {
    const isCloned = (path: string) => path === PROJECT || !NOT_CLONED.test(basename(path));
    const options = { recursive: true, filter: (path: string) => join(path, "..") !== PROJECT || isCloned(path) };
    cpSync(PROJECT, this.folder, options);
    symlinkSync(join(PROJECT, "node_modules"), join(this.folder, "node_modules"));
    mkdirSync(join(this.#parent, "tmp"));
    const git = (...args: string[]) => execFileSync("git", args, { cwd: this.folder, stdio: "ignore" });
    git("init", "--quiet");
    git("add", ".");
    git("-c", "user.name=reader", "-c", "user.email=reader@example.com", "commit", "--quiet", "--message", "clone");
    git("update-ref", "refs/remotes/origin/main", "HEAD");
    // What commands write beside the tree is no change of it.
    appendFileSync(join(this.folder, ".git/info/exclude"), "*\n");
    // What the pages show is of a machine without the Pulumi CLI; which engine is taken goes by it.
    const withoutCli = (process.env["PATH"] ?? "").split(delimiter).filter((one) => !existsSync(join(one, "pulumi")));
    this.#path = [await kubectlFolder(), ...withoutCli].join(delimiter);
  }

  /** Runs a command of a page by bash. Standard input is empty. */
  type(command: string): Promise<Typed> {
    const env = {
      ...process.env,
      PATH: this.#path,
      TMPDIR: join(this.#parent, "tmp"),
      ...this.variables,
    };
    const child = spawn("bash", ["-c", command], { cwd: this.folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString("utf8")));
    return new Promise((done, reject) => {
      child.once("error", reject);
      child.once("close", (code) => done({ code, ...said }));
    });
  }

  remove(): void {
    rmSync(this.#parent, { recursive: true, force: true });
  }
}
