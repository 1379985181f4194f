/**
 * A stand-in for the Pulumi CLI: records every call with its arguments, its standard input and its environment, and
 * answers from a table. It keeps no state; the real CLI is in tests/e2e/state-cli.test.ts.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runState } from "../../../../delivery/state/command";
import { saidBy, type Said } from "../../../support/command-io";

export interface Answer {
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

export interface Call {
  readonly program: string;
  readonly argv: readonly string[];
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Answers by the first words of a call, the longest match first; each further call takes the next of a list. */
export type Answers = Readonly<Record<string, Answer | readonly Answer[]>>;

const PROGRAM = String.raw`#!/usr/bin/env node
// stand-in for a command-line program
const fs = require("node:fs"), path = require("node:path");
const folder = path.dirname(path.dirname(process.argv[1])), program = path.basename(process.argv[1]);
const argv = process.argv.slice(2), stdin = fs.readFileSync(0, "utf8");
fs.appendFileSync(folder + "/calls", JSON.stringify({ program, argv, stdin, env: process.env }) + "\n");
const line = [program, ...argv].join(" ");
const answers = JSON.parse(fs.readFileSync(folder + "/answers.json", "utf8"));
const key = Object.keys(answers).filter((words) => line.startsWith(words)).sort((a, b) => b.length - a.length)[0];
const all = key === undefined ? [{}] : [].concat(answers[key]);
const counter = folder + "/count-" + Buffer.from(key || "").toString("hex");
const count = fs.existsSync(counter) ? Number(fs.readFileSync(counter, "utf8")) : 0;
fs.writeFileSync(counter, String(count + 1));
const { code = 0, stdout = "", stderr = "" } = all[Math.min(count, all.length - 1)];
// The word that the key's check encrypts is what it decrypts.
const word = folder + "/word";
if (line.startsWith("pulumi config set")) fs.writeFileSync(word, stdin);
process.stdout.write(line.startsWith("pulumi config get") && code === 0 ? fs.readFileSync(word, "utf8") : stdout);
process.stderr.write(stderr);
process.exitCode = code;
`;

export const FREE: Answer = { code: 255, stderr: "error: a stack named dev already exists\n" };

export const locked = (by: string): Answer => ({
  code: 255,
  stderr:
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n" +
    `  s3://b/.pulumi/locks/organization/p/dev/x.json: created by ${by}\n`,
});

export class StandIn {
  readonly folder = mkdtempSync(path.join(tmpdir(), "state-"));
  readonly project = path.join(this.folder, "project");

  /** @param answers Of `pulumi` and of other programs. @param programs Those on PATH besides the machine's own. */
  constructor(
    private readonly answers: Answers = {},
    programs: readonly string[] = ["pulumi"],
    stackFile = "encryptionsalt: v1:salt\nconfig: {}\n",
  ) {
    mkdirSync(path.join(this.folder, "bin"));
    mkdirSync(this.project);
    for (const program of programs) writeFileSync(path.join(this.folder, "bin", program), PROGRAM, { mode: 0o755 });
    writeFileSync(path.join(this.project, "Pulumi.yaml"), "name: p\nruntime: nodejs\n");
    writeFileSync(path.join(this.project, "Pulumi.dev.yaml"), stackFile);
    writeFileSync(path.join(this.folder, "answers.json"), JSON.stringify(this.answers));
  }

  async run(argv: readonly string[], env: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Said> {
    const full = {
      PATH: `${this.folder}/bin:${path.dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: this.folder,
      ...env,
    };
    return saidBy(
      (words, io) => runState(words, { ...io, env: full }),
      ["dev", ...argv, "--project", this.project],
      signal,
    );
  }

  get calls(): readonly Call[] {
    const file = path.join(this.folder, "calls");
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Call);
  }

  /** The calls as their first words. */
  get lines(): readonly string[] {
    return this.calls.map(({ program, argv }) =>
      [program, ...argv].join(" ").replace(" --non-interactive --color never", ""),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
