/** Requests that write, with the credentials of the same explicit kubeconfig that `checks/cluster/api.ts` reads with. */
import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { LookError } from "../verdict";
import type { ClusterApi } from "./api";
import { connectionError } from "./api-errors";
import { Refusal } from "./refusal";

export interface WriteRequest {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  /** @default application/json */
  readonly type?: string;
}

/** How long the API server may stay silent, in milliseconds: longer than a read, because webhooks are called. */
const SILENCE_MS = 15_000;

export class Sender {
  private options: Promise<https.RequestOptions> | undefined;

  constructor(private readonly api: ClusterApi) {}

  /**
   * Sends once.
   * @throws Refusal for an answer that is no success.
   * @throws LookError when there is no answer.
   */
  async send<T>(request: WriteRequest, signal: AbortSignal): Promise<T> {
    const { method, path } = request;
    const { status, body } = await this.exchange(request, signal);
    if (status >= 300) throw new Refusal(method, path, status, body);
    try {
      return JSON.parse(body) as T;
    } catch {
      throw new Refusal(method, path, status, "a success that is no JSON: no Kubernetes API server stands there");
    }
  }

  private async exchange(request: WriteRequest, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const { method, path, body, type = "application/json" } = request;
    const url = new URL(this.api.server + path);
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const derived = await this.requestOptions();
    const headers = {
      ...derived.headers,
      accept: "application/json",
      ...(payload === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(payload) }),
    };
    const client = url.protocol === "https:" ? https : http;
    try {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        const outgoing = client.request(url, { ...derived, method, headers, signal }, resolve);
        outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(this.silent(request)));
        outgoing.on("error", reject);
        outgoing.end(payload);
      });
      return { status: response.statusCode ?? 0, body: await text(response) };
    } catch (error) {
      if (error instanceof LookError || signal.aborted) throw error;
      throw connectionError({ server: this.api.server, path }, error);
    }
  }

  private silent({ method, path }: WriteRequest): LookError {
    return new LookError(
      `API server ${this.api.server}: no answer within ${SILENCE_MS / 1000} s to ${method} ${path}`,
      {
        fix: "look at the API server, its datastore and its admission webhooks",
      },
    );
  }

  /** Derived once, as for reads. */
  private requestOptions(): Promise<https.RequestOptions> {
    this.options ??= (async () => {
      const options: https.RequestOptions = {};
      await this.api.config.applyToHTTPSOptions(options);
      return options;
    })();
    return this.options;
  }
}
