/** A repository with the files of this project as its first commit, and clean clones of it. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** Names that a commit never holds: patterns of .gitignore as far as it uses them. */
function ignored(project: string): (name: string, top: boolean) => boolean {
  const rules = readFileSync(join(project, ".gitignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const name = line
        .replace(/^\/|\/$/g, "")
        .replace(/[.]/g, "\\.")
        .replace(/\*/g, ".*");
      return { top: line.startsWith("/"), pattern: new RegExp(`^${name}$`) };
    });
  return (name, top) => name === ".git" || rules.some((rule) => (top || !rule.top) && rule.pattern.test(name));
}

/** @throws Error with what git says. */
export function git(folder: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("git", ["-C", folder, ...args], {
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_AUTHOR_NAME: "test",
      GIT_AUTHOR_EMAIL: "test@example.com",
      GIT_COMMITTER_NAME: "test",
      GIT_COMMITTER_EMAIL: "test@example.com",
    },
  });
  if (status !== 0) throw new Error(`git ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

export const hasGit = (): boolean => spawnSync("git", ["--version"]).status === 0;

export class Origin {
  readonly #project: string;
  readonly #folder: string;
  readonly #bare: string;
  readonly #work: string;
  #clones = 0;

  /** @param folder Empty; everything is made below it. @param change Made to the files before the first commit. */
  constructor(project: string, folder: string, change: (work: string) => void = () => undefined) {
    this.#project = project;
    this.#folder = folder;
    this.#bare = join(folder, "origin.git");
    this.#work = join(folder, "author");
    mkdirSync(this.#work, { recursive: true });
    const skip = ignored(project);
    for (const name of readdirSync(project).filter((name) => !skip(name, true))) {
      cpSync(join(project, name), join(this.#work, name), {
        recursive: true,
        filter: (source) => !skip(source.split("/").at(-1) ?? "", false),
      });
    }
    change(this.#work);
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", this.#bare);
    git(this.#work, "init", "--quiet", "--initial-branch=main");
    git(this.#work, "remote", "add", "origin", this.#bare);
    this.#commit("main", "The project");
  }

  /** A commit on top of a branch, pushed. A new branch begins at main. @returns its id. */
  commit(branch: string, message: string, change: (work: string) => void): string {
    const known = git(this.#work, "branch", "--list", branch) !== "";
    git(this.#work, "checkout", "--quiet", ...(known ? [branch] : ["-b", branch, "main"]));
    change(this.#work);
    return this.#commit(branch, message);
  }

  /** The branch merged into main, as by the button. @returns the commit of the merge. */
  merge(branch: string): string {
    git(this.#work, "checkout", "--quiet", "main");
    git(this.#work, "merge", "--quiet", "--no-ff", "--no-edit", branch);
    git(this.#work, "push", "--quiet", "origin", "main");
    return git(this.#work, "rev-parse", "HEAD");
  }

  /** Where commits are made: the files of the last one. */
  get author(): string {
    return this.#work;
  }

  head(branch = "main"): string {
    return git(this.#bare, "rev-parse", branch);
  }

  /** A clean clone with a commit checked out, as `actions/checkout` leaves it. */
  clone(commit: string = this.head()): string {
    const target = join(this.#folder, `clone-${++this.#clones}`);
    git(this.#folder, "clone", "--quiet", this.#bare, target);
    git(target, "checkout", "--quiet", "--detach", commit);
    return target;
  }

  /** In the place of `npm ci`. */
  readonly linkPackages = (clone: string): void => {
    symlinkSync(join(this.#project, "node_modules"), join(clone, "node_modules"));
  };

  #commit(branch: string, message: string): string {
    git(this.#work, "add", "--all");
    git(this.#work, "commit", "--quiet", "-m", message);
    git(this.#work, "push", "--quiet", "origin", branch);
    return git(this.#work, "rev-parse", "HEAD");
  }
}
