/**
 * Read access to one cluster: GET requests, and server-side apply as a dry run that stores nothing, with the credentials
 * of an explicit kubeconfig, each bounded in time, each failure one clear line. Requests go out by node's own client with the options that @kubernetes/client-node derives
 * from the kubeconfig (certificates, tokens, exec plugins, proxies).
 */
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";
import type { KubeConfig } from "@kubernetes/client-node";
import { LookError } from "../verdict";
import {
  connectionError,
  isMissingObject,
  notKubernetes,
  objectionOf,
  stalled,
  statusError,
  type Asked,
} from "./api-errors";
import { loadKubeconfig } from "./kubeconfig";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** How long the API server may stay silent before it counts as stalled, in milliseconds. */
const SILENCE_MS = 5_000;
/** The same for an apply, which calls admission webhooks. */
const APPLY_SILENCE_MS = 15_000;
const PAGE = 500;

/** What an apply would make of an object, or what the API server has against it. */
export type DryRun<T> = { readonly object: T } | { readonly objection: string };

interface Sent {
  readonly type: string;
  readonly body: string;
}

export class ClusterApi {
  private options: Promise<https.RequestOptions> | undefined;

  /**
   * @param config From `loadKubeconfig`.
   * @param kubeconfigPath Its path, for the commands that reports print.
   */
  constructor(
    readonly config: KubeConfig,
    readonly kubeconfigPath: string,
    private readonly silenceMs = SILENCE_MS,
  ) {}

  /** @throws LookError when the file cannot be used. */
  static open(path: string): ClusterApi {
    return new ClusterApi(loadKubeconfig(path), path);
  }

  /** URL of the API server. */
  get server(): string {
    return this.config.getCurrentCluster()!.server.replace(/\/$/, "");
  }

  /** An object, or undefined where there is none of that name. @throws LookError */
  async find<T>(path: string, signal: AbortSignal): Promise<T | undefined> {
    const { status, body } = await this.read(path, {}, signal);
    if (status === 404 && isMissingObject(body)) return undefined;
    return this.decode<T>({ server: this.server, path }, status, body);
  }

  /** What stands at a path, or undefined where there is nothing, be it the object or its kind. @throws LookError */
  async findIfKnown<T>(path: string, signal: AbortSignal): Promise<T | undefined> {
    const { status, body } = await this.read(path, {}, signal);
    return status === 404 ? undefined : this.decode<T>(this.asked(path), status, body);
  }

  /** All objects of a list, page by page. @throws LookError, also when the kind is unknown. */
  async list<T>(path: string, signal: AbortSignal, query: Query = {}): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.pages<T>(path, signal, query)) items.push(...page);
    return items;
  }

  /** The objects of a list as they come, a page at a time, so that nobody has to hold them all. @throws LookError */
  async *pages<T>(path: string, signal: AbortSignal, query: Query = {}): AsyncGenerator<T[]> {
    let next: string | undefined;
    do {
      const { status, body } = await this.read(path, { ...query, limit: PAGE, continue: next }, signal);
      const page = this.decode<{ items?: T[]; metadata?: { continue?: string } }>(this.asked(path), status, body);
      yield page.items ?? [];
      next = page.metadata?.continue;
    } while (next !== undefined && next !== "");
  }

  /** All objects of a list; none where the kind is unknown. @throws LookError */
  async listIfKnown<T>(path: string, signal: AbortSignal): Promise<T[]> {
    return (await this.listWhereKnown<T>(path, signal)) ?? [];
  }

  /** All objects of a list; undefined where the kind is unknown. @throws LookError */
  async listWhereKnown<T>(path: string, signal: AbortSignal): Promise<T[] | undefined> {
    const { status } = await this.read(path, { limit: 1 }, signal);
    return status === 404 ? undefined : this.list<T>(path, signal);
  }

  /** The lines of a text, read as they come: a log may be larger than memory. @throws LookError */
  async *lines(path: string, signal: AbortSignal, query: Query): AsyncGenerator<string> {
    const response = await this.request(path, query, signal);
    if (response.statusCode !== 200) {
      throw statusError(this.asked(path), response.statusCode ?? 0, await textOf(response));
    }
    const reader = createInterface({ input: response, crlfDelay: Infinity });
    const abort = (): void => void response.destroy();
    signal.addEventListener("abort", abort, { once: true });
    try {
      yield* reader;
    } finally {
      signal.removeEventListener("abort", abort);
      reader.close();
      response.destroy();
    }
  }

  /**
   * What server-side apply would make of an object, with the defaults of the server and of its admission; nothing is
   * stored. Conflicts are won, so that the answer holds every field that is sent.
   * @param path Of the object itself.
   * @throws LookError
   */
  async dryRunApply<T>(path: string, object: unknown, fieldManager: string, signal: AbortSignal): Promise<DryRun<T>> {
    const sent = { type: "application/apply-patch+yaml", body: JSON.stringify(object) };
    const { status, body } = await this.read(path, { dryRun: "All", force: true, fieldManager }, signal, sent);
    const objection = status >= 400 ? objectionOf(this.asked(path, sent), status, body) : undefined;
    if (objection !== undefined) return { objection };
    // 201 where the object went away between two looks.
    return { object: this.decode<T>(this.asked(path, sent), status === 201 ? 200 : status, body) };
  }

  private asked(path: string, sent?: Sent): Asked {
    return { server: this.server, path, method: sent === undefined ? "GET" : "PATCH" };
  }

  private decode<T>(asked: Asked, status: number, body: string): T {
    if (status !== 200) throw statusError(asked, status, body);
    try {
      return JSON.parse(body) as T;
    } catch {
      throw notKubernetes(asked);
    }
  }

  private async read(
    path: string,
    query: Query,
    signal: AbortSignal,
    sent?: Sent,
  ): Promise<{ status: number; body: string }> {
    const response = await this.request(path, query, signal, sent);
    try {
      return { status: response.statusCode ?? 0, body: await textOf(response) };
    } catch (error) {
      throw this.failure(this.asked(path, sent), error, signal);
    }
  }

  private async request(path: string, query: Query, signal: AbortSignal, sent?: Sent): Promise<http.IncomingMessage> {
    const asked = this.asked(path, sent);
    const silenceMs = sent === undefined ? this.silenceMs : Math.max(this.silenceMs, APPLY_SILENCE_MS);
    const url = new URL(this.server + path);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    const derived = await this.requestOptions();
    const options = {
      ...derived,
      method: asked.method,
      signal,
      headers: {
        ...derived.headers,
        ...(sent === undefined ? {} : { "content-type": sent.type, "content-length": Buffer.byteLength(sent.body) }),
      },
    };
    const client = url.protocol === "https:" ? https : http;
    try {
      return await new Promise((resolve, reject) => {
        const silent = (): LookError => stalled(asked, silenceMs);
        const request = client.request(url, options, (response) => {
          clearTimeout(first);
          // In the middle of an answer it is the answer that must fail, else its text ends in "aborted".
          request.setTimeout(silenceMs, () => response.destroy(silent()));
          resolve(response);
        });
        // The socket's own timer counts what waits for the end of a TLS handshake as being written, and runs twice as long.
        const first = setTimeout(() => request.destroy(silent()), silenceMs);
        request.on("close", () => clearTimeout(first));
        request.on("error", reject);
        request.end(sent?.body);
      });
    } catch (error) {
      throw this.failure(asked, error, signal);
    }
  }

  private failure(asked: Asked, error: unknown, signal: AbortSignal): unknown {
    if (error instanceof LookError || signal.aborted) return error;
    return connectionError(asked, error);
  }

  /** Derived once: an exec plugin that makes credentials is a process of its own. */
  private requestOptions(): Promise<https.RequestOptions> {
    this.options ??= this.deriveOptions();
    return this.options;
  }

  private async deriveOptions(): Promise<https.RequestOptions> {
    const options: https.RequestOptions = {};
    try {
      await this.config.applyToHTTPSOptions(options);
    } catch (error) {
      const [message] = String((error as { message?: unknown }).message ?? error).split("\n");
      throw new LookError(`kubeconfig ${this.kubeconfigPath}: its credentials cannot be used: ${message}`, {
        fix: "check the files and the exec plugin that the kubeconfig's user names",
        final: true,
        cause: error,
      });
    }
    return { ...options, headers: { accept: "application/json", ...options.headers } };
  }
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
