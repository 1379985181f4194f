/** Runs a Pulumi program in this process, without the Pulumi CLI: against a plan engine or one that really applies. */
import * as pulumi from "@pulumi/pulumi";
import * as state from "@pulumi/pulumi/runtime/state";
import { setMockOptions, terminateRpcs } from "@pulumi/pulumi/runtime/settings";
import type { RecordedResource, ResourceEngine } from "./engine";
import { messageOf, RecordingMonitor } from "./monitor";
import { skipPromiseTraces } from "./promise-traces";
import { RegistrationLedger } from "./registration-ledger";
import { watchForStall } from "./stall";

export interface RunOptions {
  /** Project name, the first part of the project's configuration keys. */
  readonly project: string;
  readonly stack: string;
  /** Whether the program sees a preview (`pulumi.runtime.isDryRun()`). */
  readonly preview: boolean;
  /** The project's configuration by key without the project's name; values as they stand in the stack file. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Configuration of other packages by full key, such as `pulumi:disable-default-providers`. */
  readonly other?: Readonly<Record<string, string>>;
  /** Keys of `config` that hold secrets. */
  readonly secretKeys: readonly string[];
  readonly engine: ResourceEngine;
  /** What the stack's entry file exports: resources are made while it runs, its value becomes the stack's outputs. */
  readonly program: () => Promise<unknown>;
  /** Ends the run: nothing more is created, and the run rejects once what has begun is finished. */
  readonly signal?: AbortSignal;
  /** How long nothing may happen, in seconds, before the run is given up. @default 30 */
  readonly stallSeconds?: number;
}

export interface RunResult {
  /** Every resource, the stack itself first, in order of registration. */
  readonly resources: readonly RecordedResource[];
  /** The stack's outputs; secrets as `SecretValue`. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Why a run ended early, with what had been registered until then. The cause is the original error. */
export class RunFault extends Error {
  constructor(
    message: string,
    cause: unknown,
    readonly resources: readonly RecordedResource[],
  ) {
    super(message, { cause });
    this.name = "RunFault";
  }
}

// Pulumi's automation API isolates inline programs by a store of their own; the declaration file leaves it out.
const { withLocalStorage } = state as unknown as { withLocalStorage: <T>(run: () => Promise<T>) => Promise<T> };

/**
 * Runs the program to its end. Several runs in one process, also at the same time, do not touch each other.
 *
 * @throws the program's own error when it throws one.
 * @throws RunFault when a resource cannot be created, an input fails, or the program waits for something that never
 *   comes. Creations in flight are waited for first.
 */
export function runProgram(options: RunOptions): Promise<RunResult> {
  skipPromiseTraces();
  return withLocalStorage(() => run(options));
}

async function run(options: RunOptions): Promise<RunResult> {
  const { project, stack, signal } = options;
  const faults: Error[] = [];
  let stopWaiting: () => void = () => undefined;
  const faulted = new Promise<void>((resolve) => (stopWaiting = resolve));
  const report = (fault: Error) => {
    faults.push(fault);
    stopWaiting();
  };
  const fault = (message: string, cause?: unknown) => report(new RunFault(message, cause, monitor.records));
  const monitor = new RecordingMonitor({
    project,
    stack,
    engine: options.engine,
    disabledProviders: disabledProviders(options.other),
    onFault: (error) => fault(error.message, error.cause ?? error),
  });
  setMockOptions(monitor, project, stack, options.preview, "organization");
  pulumi.runtime.setAllConfig(
    configOf(options),
    options.secretKeys.map((key) => `${project}:${key}`),
  );

  const ledger = new RegistrationLedger();
  const onAbort = () => fault("the run was interrupted", signal?.reason);
  const onUnhandled = (error: unknown) => {
    const lost = ledger.missing(monitor.records);
    fault(
      `the program failed: ${messageOf(error)}${lost.length > 0 ? `; not registered: ${lost.join(", ")}` : ""}`,
      error,
    );
  };
  const stall = watchForStall({
    seconds: options.stallSeconds ?? 30,
    busy: () => monitor.inFlight > 0,
    activity: () => monitor.activity + ledger.size,
    onStall: () => fault(stallMessage(ledger, monitor.records)),
  });
  process.on("unhandledRejection", onUnhandled);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    await Promise.race([faulted, evaluate(options, ledger, report)]);
    // A rejection that nobody awaits, such as an input's that failed, surfaces before the next macrotask.
    await nextMacrotask();
    const lost = ledger.missing(monitor.records);
    if (lost.length > 0 && faults.length === 0) fault(`never registered: ${lost.join(", ")}`);
    if (faults[0]) throw faults[0];
    const outputs = monitor.records.find((record) => record.parent === undefined)?.outputs ?? {};
    return { resources: await ledger.complete(monitor.records), outputs };
  } catch (error) {
    monitor.stop();
    terminateRpcs();
    await untilIdle(monitor);
    // One fault rejects several of Pulumi's promises; the others must not end the process.
    await nextMacrotask();
    throw error;
  } finally {
    stall.stop();
    signal?.removeEventListener("abort", onAbort);
    process.off("unhandledRejection", onUnhandled);
  }
}

const nextMacrotask = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Runs the program under a stack resource and waits until every registration has been answered. */
async function evaluate(
  options: RunOptions,
  ledger: RegistrationLedger,
  report: (error: Error) => void,
): Promise<void> {
  await pulumi.runtime.runInPulumiStack(async () => {
    ledger.listen();
    try {
      return await options.program();
    } catch (error) {
      // Reported here: passed on, it would reject promises inside the SDK that nobody awaits.
      report(error instanceof Error ? error : new Error(String(error)));
      return new Promise<never>(() => undefined);
    }
  });
  await pulumi.runtime.disconnect();
}

function configOf({ project, config, other }: RunOptions): Record<string, string> {
  const own = Object.entries(config).filter(([, value]) => value !== undefined);
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return { ...other, ...Object.fromEntries(own.map(([key, value]) => [`${project}:${key}`, text(value)])) };
}

function disabledProviders(other: RunOptions["other"]): ReadonlySet<string> {
  const value = other?.["pulumi:disable-default-providers"];
  return new Set(value === undefined ? [] : (JSON.parse(value) as string[]));
}

function stallMessage(ledger: RegistrationLedger, records: readonly RecordedResource[]): string {
  const waiting = ledger.missing(records);
  return waiting.length > 0
    ? `the program waits for values that never come; not registered: ${waiting.join(", ")}`
    : "the program never ends: every resource is registered, but a promise that it awaits never settles";
}

async function untilIdle(monitor: RecordingMonitor): Promise<void> {
  while (monitor.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
