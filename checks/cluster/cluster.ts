/**
 * Reads and writes of a step of a rollout, or of a validation that makes pods. Every request is patient: an API server
 * that restarts, is busy or cannot be reached for a moment is asked again until the time is over, because a step often
 * runs right after a server was restarted. What the API server refuses for good is thrown at once.
 */
import { ToolError } from "../../tools/cli";
import { pause } from "../engine/bounded";
import { LookError } from "../verdict";
import type { ClusterApi, Query } from "./api";
import { Refusal } from "./refusal";
import { Sender, type WriteRequest } from "./sender";

export interface ClusterOptions {
  /** Ends waiting and requests. */
  readonly signal: AbortSignal;
  /** Told when a request has to be repeated, once a request. */
  readonly onTrouble: (text: string) => void;
  /** Pause before a request is repeated, in milliseconds. @default 1000 */
  readonly retryMs?: number;
}

export interface RemoveOptions {
  /** Only the object of this UID: one that was made anew under the same name stays. */
  readonly uid?: string | undefined;
  readonly graceSeconds?: number;
  readonly propagation?: "Foreground" | "Background" | "Orphan";
}

/** How a patch is to be read. */
const PATCH_TYPES = {
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  json: "application/json-patch+json",
} as const;

export class Cluster {
  private readonly sender: Sender;

  constructor(
    readonly api: ClusterApi,
    private readonly options: ClusterOptions,
  ) {
    this.sender = new Sender(api);
  }

  /** The same cluster with another end of time: for cleaning up after the step's own is over. */
  within(signal: AbortSignal): Cluster {
    return new Cluster(this.api, { ...this.options, signal });
  }

  /** An object, or undefined where there is none of that name. @throws LookError */
  find<T>(path: string): Promise<T | undefined> {
    return this.patiently((signal) => this.api.find<T>(path, signal));
  }

  /** @throws LookError, also when the kind is unknown. */
  list<T>(path: string, query: Query = {}): Promise<T[]> {
    return this.patiently((signal) => this.api.list<T>(path, signal, query));
  }

  /** None where the kind is unknown. @throws LookError */
  listIfKnown<T>(path: string): Promise<T[]> {
    return this.patiently((signal) => this.api.listIfKnown<T>(path, signal));
  }

  /** The lines of a text such as a log. @throws LookError */
  lines(path: string, query: Query = {}): Promise<string[]> {
    return this.patiently(async (signal) => {
      const lines: string[] = [];
      for await (const line of this.api.lines(path, signal, query)) lines.push(line);
      return lines;
    });
  }

  /** Any request that writes. @throws Refusal | LookError */
  send<T>(request: WriteRequest): Promise<T> {
    return this.patiently((signal) => this.sender.send<T>(request, signal));
  }

  /** Creates an object; undefined where one of that name exists already. @throws Refusal | LookError */
  async create<T>(path: string, body: unknown): Promise<T | undefined> {
    try {
      return await this.send<T>({ method: "POST", path, body });
    } catch (error) {
      if (error instanceof Refusal && error.reason === "AlreadyExists") return undefined;
      throw error;
    }
  }

  /** Changes an object; undefined where there is none. @throws Refusal | LookError */
  patch<T>(path: string, body: unknown, kind: keyof typeof PATCH_TYPES = "merge"): Promise<T | undefined> {
    return this.unlessMissing(this.send<T>({ method: "PATCH", path, body, type: PATCH_TYPES[kind] }));
  }

  /**
   * Deletes an object; whether there was one to delete.
   * @throws Refusal | LookError
   */
  async remove(path: string, { uid, graceSeconds, propagation = "Background" }: RemoveOptions = {}): Promise<boolean> {
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: propagation,
      ...(uid === undefined ? {} : { preconditions: { uid } }),
      ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
    };
    try {
      await this.send<unknown>({ method: "DELETE", path, body });
      return true;
    } catch (error) {
      // A conflict here means another UID: the object that was meant is gone.
      if (error instanceof Refusal && (error.status === 404 || (error.status === 409 && uid !== undefined)))
        return false;
      throw error;
    }
  }

  private async unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return undefined;
      throw error;
    }
  }

  private async patiently<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, onTrouble, retryMs = 1000 } = this.options;
    for (let told = false; ; told = true) {
      signal.throwIfAborted();
      let trouble: string;
      try {
        return await task(signal);
      } catch (error) {
        if (!isPassing(error)) throw signal.aborted ? abortedWith(signal, undefined) : error;
        trouble = (error as Error).message;
      }
      if (!told) onTrouble(`${trouble}; trying again`);
      await pause(retryMs, signal);
      if (signal.aborted) throw abortedWith(signal, trouble);
    }
  }
}

/** The reason for which the time ended, with what stood in the way. */
function abortedWith(signal: AbortSignal, trouble: string | undefined): unknown {
  const reason: unknown = signal.reason;
  if (trouble === undefined || !(reason instanceof ToolError)) return reason;
  return new ToolError(`${reason.message}; ${trouble}`, reason.exitCode);
}

/** Whether asking again can help. */
function isPassing(error: unknown): boolean {
  if (error instanceof Refusal) return error.isPassing;
  return error instanceof LookError && !error.final;
}
