/**
 * Read access to one cluster: GET requests with the credentials of an explicit kubeconfig, each bounded in time, each
 * failure one clear line. Requests go out by node's own client with the options that @kubernetes/client-node derives
 * from the kubeconfig (certificates, tokens, exec plugins, proxies).
 */
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";
import type { KubeConfig } from "@kubernetes/client-node";
import { LookError } from "../verdict";
import { connectionError, isMissingObject, notKubernetes, stalled, statusError, type Asked } from "./api-errors";
import { loadKubeconfig } from "./kubeconfig";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** How long the API server may stay silent before it counts as stalled, in milliseconds. */
const SILENCE_MS = 5_000;
const PAGE = 500;

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

  /** All objects of a list, page by page. @throws LookError, also when the kind is unknown. */
  async list<T>(path: string, signal: AbortSignal, query: Query = {}): Promise<T[]> {
    const items: T[] = [];
    let next: string | undefined;
    do {
      const { status, body } = await this.read(path, { ...query, limit: PAGE, continue: next }, signal);
      const page = this.decode<{ items?: T[]; metadata?: { continue?: string } }>(this.asked(path), status, body);
      items.push(...(page.items ?? []));
      next = page.metadata?.continue;
    } while (next !== undefined && next !== "");
    return items;
  }

  /** All objects of a list; none where the kind is unknown. @throws LookError */
  async listIfKnown<T>(path: string, signal: AbortSignal): Promise<T[]> {
    const { status } = await this.read(path, { limit: 1 }, signal);
    return status === 404 ? [] : this.list<T>(path, signal);
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

  private asked(path: string): Asked {
    return { server: this.server, path };
  }

  private decode<T>(asked: Asked, status: number, body: string): T {
    if (status !== 200) throw statusError(asked, status, body);
    try {
      return JSON.parse(body) as T;
    } catch {
      throw notKubernetes(asked);
    }
  }

  private async read(path: string, query: Query, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const response = await this.request(path, query, signal);
    try {
      return { status: response.statusCode ?? 0, body: await textOf(response) };
    } catch (error) {
      throw this.failure(path, error, signal);
    }
  }

  private async request(path: string, query: Query, signal: AbortSignal): Promise<http.IncomingMessage> {
    const url = new URL(this.server + path);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    const options = await this.requestOptions();
    const client = url.protocol === "https:" ? https : http;
    try {
      return await new Promise((resolve, reject) => {
        const request = client.request(url, { ...options, method: "GET", signal }, resolve);
        request.setTimeout(this.silenceMs, () => request.destroy(stalled(this.asked(path), this.silenceMs)));
        request.on("error", reject);
        request.end();
      });
    } catch (error) {
      throw this.failure(path, error, signal);
    }
  }

  private failure(path: string, error: unknown, signal: AbortSignal): unknown {
    if (error instanceof LookError || signal.aborted) return error;
    return connectionError(this.asked(path), error);
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
