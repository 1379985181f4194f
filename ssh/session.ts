/** A logged-in connection to one machine, and the commands that run over it. */
import { constants } from "node:os";
import { PassThrough, Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client, ClientChannel } from "ssh2";
import { SshError } from "./errors";
import { LineSplitter } from "./lines";

export interface RunResult {
  /** Exit code; 128 plus the signal's number where a signal ended the command. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What the command reads. Secrets belong here and never into the command line. @default nothing, at its end */
  readonly stdin?: string | Buffer | Readable;
  /** Stops waiting and closes the channel. A program that was started detached goes on. */
  readonly signal?: AbortSignal;
  /** Told each line of output as it comes, without its end. */
  readonly onLine?: (line: string, from: "stdout" | "stderr") => void;
  /** Bytes of output that are kept; more is an error. @default 16 MiB */
  readonly maxBytes?: number;
}

/** A command whose input and output are streams, for what does not fit into memory. */
export interface RunningCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** What it wrote to standard error so far, at most the last 64 KiB. */
  readonly stderr: () => string;
  /** Settles when the command has ended and its output has been read. @throws SshError `lost` */
  readonly ended: Promise<{ readonly code: number }>;
}

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_STDERR = 64 * 1024;

export class SshSession {
  /** Set once the connection itself is gone, whatever ended it. */
  private gone: Error | undefined;

  /**
   * @param host Name of the machine; messages name it.
   * @param clients The connection, and after it those that it goes through.
   */
  constructor(
    readonly host: string,
    private readonly clients: readonly Client[],
  ) {
    for (const client of clients) {
      client.on("error", (error) => (this.gone ??= error));
      client.on("close", () => (this.gone ??= new Error("the connection was closed")));
    }
  }

  /**
   * Runs a command by the login shell and waits for its end. An exit code other than 0 is a result, no error.
   * @throws SshError `lost` | `too-much-output`, or the signal's reason.
   */
  async run(command: string, options: RunOptions = {}): Promise<RunResult> {
    const { signal, maxBytes = MAX_BYTES, onLine } = options;
    const channel = await this.open(command, signal);
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    let size = 0;
    return new Promise<RunResult>((resolve, reject) => {
      const settle = (action: () => void): void => {
        signal?.removeEventListener("abort", abort);
        action();
      };
      const fail = (error: Error): void =>
        settle(() => {
          channel.close();
          reject(error);
        });
      const abort = (): void => fail(signal!.reason as Error);
      signal?.addEventListener("abort", abort, { once: true });
      const splitters = (["stdout", "stderr"] as const).map((from) => {
        const lines = new LineSplitter((line) => onLine?.(line, from));
        channel[from].on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) return fail(this.tooMuch(maxBytes));
          output[from].push(chunk);
          lines.push(chunk);
        });
        return lines;
      });
      channel.on("close", (code?: number | null, name?: string) => {
        const exit = exitCode(code, name);
        if (exit === undefined) return fail(this.lost());
        for (const lines of splitters) lines.end();
        const text = (from: "stdout" | "stderr"): string => Buffer.concat(output[from]).toString("utf8");
        settle(() => resolve({ code: exit, stdout: text("stdout"), stderr: text("stderr") }));
      });
      feed(channel, options.stdin).catch((error: unknown) => fail(error as Error));
    });
  }

  /**
   * Starts a command whose input and output are streams. The caller ends `stdin`, reads `stdout` and awaits `ended`.
   * @throws SshError `lost`, or the signal's reason.
   */
  async stream(command: string, { signal }: Pick<RunOptions, "signal"> = {}): Promise<RunningCommand> {
    const channel = await this.open(command, signal);
    let errors = Buffer.alloc(0);
    channel.stderr.on("data", (chunk: Buffer) => {
      errors = Buffer.concat([errors, chunk]).subarray(-MAX_STDERR);
    });
    // The channel itself ends in the same way when the connection is cut; whoever reads must not take that for the
    // end of the data.
    const stdout = new PassThrough();
    // Who reads has handlers of its own; a failure nobody reads is told by `ended`.
    stdout.on("error", () => undefined);
    channel.pipe(stdout, { end: false });
    const ended = new Promise<{ code: number }>((resolve, reject) => {
      const fail = (error: Error): void => {
        stdout.destroy(error);
        reject(error);
      };
      const abort = (): void => {
        channel.close();
        fail(signal!.reason as Error);
      };
      signal?.addEventListener("abort", abort, { once: true });
      channel.on("close", (code?: number | null, name?: string) => {
        signal?.removeEventListener("abort", abort);
        const exit = exitCode(code, name);
        if (exit === undefined) return fail(this.lost());
        stdout.end();
        resolve({ code: exit });
      });
    });
    // The caller awaits it when the streams are through; until then a rejection is not unhandled.
    ended.catch(() => undefined);
    return { stdin: channel, stdout, stderr: () => errors.toString("utf8"), ended };
  }

  /** Ends the connection. Commands that still run lose it. */
  close(): void {
    for (const client of this.clients) client.end();
  }

  private async open(command: string, signal: AbortSignal | undefined): Promise<ClientChannel> {
    signal?.throwIfAborted();
    if (this.gone !== undefined) throw this.lost();
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal!.reason as Error);
      signal?.addEventListener("abort", abort, { once: true });
      const opened = (error: Error | undefined, channel: ClientChannel): void => {
        signal?.removeEventListener("abort", abort);
        if (error !== undefined) return reject(this.lost(error));
        if (signal?.aborted === true) return void channel.close();
        // Its end is told by "close"; an error of writing to a command that has stopped reading says nothing new.
        channel.on("error", () => undefined);
        resolve(channel);
      };
      try {
        this.clients[0]!.exec(command, opened);
      } catch (error) {
        signal?.removeEventListener("abort", abort);
        reject(this.lost(error));
      }
    });
  }

  private lost(cause: unknown = this.gone): SshError {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    return new SshError(this.host, "lost", `the SSH connection was lost${why}`, {
      fix: "run it again: programs on machines go on by themselves, and the next run joins them",
      cause,
    });
  }

  private tooMuch(maxBytes: number): SshError {
    const message = `a command printed more than ${maxBytes} bytes`;
    return new SshError(this.host, "too-much-output", message, { fix: "look at what it prints by hand" });
  }
}

/** Undefined where the connection ended before the command did. */
function exitCode(code?: number | null, signal?: string): number | undefined {
  if (typeof code === "number") return code;
  if (signal === undefined || signal === "") return undefined;
  return 128 + ((constants.signals as Record<string, number>)[`SIG${signal.replace(/^SIG/, "")}`] ?? 0);
}

/** Writes the input and ends it. A command that stops reading before the end is none of our errors. */
async function feed(channel: ClientChannel, stdin: RunOptions["stdin"]): Promise<void> {
  if (!(stdin instanceof Readable)) return void channel.end(stdin ?? "");
  let broken: unknown;
  stdin.once("error", (error) => (broken = error));
  await pipeline(stdin, channel, { end: true }).catch(() => undefined);
  if (broken !== undefined) throw broken as Error;
}
