/**
 * One `up` of the lab's stack by the stand-in engine, as a process of its own: it runs where the machines can be reached,
 * and a test can kill it in the middle. Ends with one JSON line: what ran, what was deleted.
 *
 * Usage: up.ts STACK-FILE STATE-FILE
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError } from "../../../config/faults";
import { parseConfig } from "../../../config/parse";
import { runProgram } from "../../../inprocess/run-program";
import { ApplyEngine } from "../../../sandbox/engine/apply-engine";
import { interruption } from "../../../tools/cli";
import program from "./program";
import { StatefulEngine } from "./stateful-engine";

/** What a lab's stack file holds: values by key, as in a Pulumi stack file but without the project's prefix. */
interface LabStack {
  readonly stack: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Secrets in clear, by key; the lab's own. */
  readonly secrets: Readonly<Record<string, string>>;
}

const PROJECT = resolve(__dirname, "../../..");
/** A node's pods may take their time, and nothing is registered meanwhile. */
const STALL_SECONDS = 3600;

async function main([stackFile = "", stateFile = ""]: readonly string[]): Promise<void> {
  const { stack, values, secrets } = JSON.parse(readFileSync(stackFile, "utf8")) as LabStack;
  const secretKeys = Object.keys(secrets);
  const { config, faults } = parseConfig(values, new Set(secretKeys));
  if (config === undefined) throw new ConfigError(`configuration of stack "${stack}"`, faults);
  const { signal, dispose } = interruption();
  const started = performance.now();
  const say = (line: string): void => {
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} ${line}\n`);
  };
  const apply = new ApplyEngine({ project: PROJECT, signal, say });
  const engine = new StatefulEngine(apply, stateFile, say);
  try {
    const { resources } = await runProgram({
      project: "seldon-k3s",
      stack,
      preview: false,
      config: { ...values, ...secrets },
      secretKeys,
      other: { "pulumi:disable-default-providers": '["kubernetes"]' },
      engine,
      program: () => Promise.resolve(program()),
      signal,
      stallSeconds: STALL_SECONDS,
    });
    const removed = await engine.removeOthers(resources);
    process.stdout.write(`${JSON.stringify({ ran: engine.ran, removed })}\n`);
  } finally {
    apply.close();
    dispose();
  }
}

void main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
