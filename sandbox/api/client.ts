/**
 * A small Kubernetes client for objects of any kind.
 *
 * @kubernetes/client-node 1.4.0 is not used here: its ObjectSerializer drops the fields of built-in kinds that its
 * models do not know, so that a misspelt field would never reach the API server's strict validation, its `patch` cannot
 * ask for that validation, and loading it takes seconds.
 */
import { Agent, request as httpsRequest } from "node:https";
import { messageOf } from "../../config/thrown";
import { groupPath, objectPath, type ServedKind } from "../../checks/cluster/paths";
import { readKubeconfig, type Connection } from "./kubeconfig";
import { describe, type KubernetesObject } from "./objects";

/** An answer of the API server that is no success. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface ApplyOptions {
  /** Owner of the fields in `managedFields`. */
  readonly fieldManager: string;
  /** Namespace of a namespaced object that names none. @default "default" */
  readonly namespace?: string;
  readonly dryRun?: boolean;
  /** How long to wait for a kind that its CRD is only just bringing, in milliseconds. Default 20,000. */
  readonly kindTimeout?: number;
  readonly signal?: AbortSignal;
}

interface Request {
  readonly method: "GET" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
}

const REQUEST_TIMEOUT_MS = 30_000;
const POLL_MS = 200;

export class ApiClient {
  readonly #connection: Connection;
  readonly #agent: Agent;
  readonly #kinds = new Map<string, ServedKind>();

  constructor(connection: Connection) {
    this.#connection = connection;
    const { ca, cert, key } = connection;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16, ca, cert, key });
  }

  static fromFile(kubeconfig: string): ApiClient {
    return new ApiClient(readKubeconfig(kubeconfig));
  }

  /** Ends the idle connections, which would keep the process alive. */
  close(): void {
    this.#agent.destroy();
  }

  /** Creates or changes an object by server-side apply, with strict validation; takes over fields of other owners. */
  async apply(object: KubernetesObject, options: ApplyOptions): Promise<KubernetesObject> {
    const path = await this.#pathOf(object, options);
    const query = new URLSearchParams({ fieldManager: options.fieldManager, force: "true", fieldValidation: "Strict" });
    if (options.dryRun) query.set("dryRun", "All");
    try {
      return (await this.send({
        method: "PATCH",
        path: `${path}?${query.toString()}`,
        body: object,
        type: "application/apply-patch+yaml",
      })) as KubernetesObject;
    } catch (error) {
      if (error instanceof ApiError) throw new ApiError(`${describe(object)}: ${error.message}`, error.status);
      throw error;
    }
  }

  /** The object as it is now; undefined when there is none, or when nobody has taught the server its kind yet. */
  async find(object: KubernetesObject): Promise<KubernetesObject | undefined> {
    const kind = await this.#kind(object);
    return kind && ((await this.get(pathOf(object, kind))) as KubernetesObject | undefined);
  }

  async remove(object: KubernetesObject): Promise<void> {
    const kind = await this.#kind(object);
    if (!kind) return;
    await this.send({ method: "DELETE", path: pathOf(object, kind) }).catch(unlessMissing);
  }

  /** The items of a list; none when the server does not know the path. */
  async list(path: string): Promise<readonly KubernetesObject[]> {
    const answer = (await this.get(path)) as { items?: readonly KubernetesObject[] } | undefined;
    return answer?.items ?? [];
  }

  /** Answer to a GET; undefined when the server answers 404. */
  async get(path: string): Promise<unknown> {
    return this.send({ method: "GET", path }).catch(unlessMissing);
  }

  send({ method, path, body, type = "application/json" }: Request): Promise<unknown> {
    const { server, token } = this.#connection;
    const headers: Record<string, string> = { accept: "application/json" };
    if (token) headers["authorization"] = `Bearer ${token}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (text !== undefined) headers["content-type"] = type;
    return new Promise((resolve, reject) => {
      const options = { method, headers, agent: this.#agent, timeout: REQUEST_TIMEOUT_MS };
      const request = httpsRequest(new URL(path, server), options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const { statusCode = 0 } = response;
          const content = Buffer.concat(chunks).toString("utf8");
          if (statusCode < 300) resolve(parse(content));
          else reject(new ApiError(reasonOf(content) || `HTTP ${statusCode}`, statusCode));
        });
      });
      request.once("timeout", () => request.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
      request.once("error", (error) =>
        reject(new Error(`${method} ${new URL(path, server).href}: ${messageOf(error)}`, { cause: error })),
      );
      request.end(text);
    });
  }

  /** Waits for the kind, because a CRD is served only a moment after it has been created. */
  async #pathOf(object: KubernetesObject, { namespace, kindTimeout = 20_000, signal }: ApplyOptions): Promise<string> {
    for (let waited = 0; ; waited += POLL_MS) {
      const kind = await this.#kind(object);
      if (kind) return pathOf(object, kind, namespace);
      if (waited >= kindTimeout) {
        throw new ApiError(
          `${describe(object)}: the API server does not know ${object.apiVersion} ${object.kind}, not even ` +
            `${kindTimeout / 1000} s later; is its CRD installed first?`,
          404,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      signal?.throwIfAborted();
    }
  }

  async #kind({ apiVersion, kind }: KubernetesObject): Promise<ServedKind | undefined> {
    const key = `${apiVersion} ${kind}`;
    if (!this.#kinds.has(key)) {
      const found = (await this.get(groupPath(apiVersion))) as { resources?: readonly ResourceRow[] } | undefined;
      for (const { name, kind: served, namespaced } of found?.resources ?? []) {
        if (!name.includes("/")) this.#kinds.set(`${apiVersion} ${served}`, { plural: name, namespaced });
      }
    }
    return this.#kinds.get(key);
  }
}

interface ResourceRow {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const pathOf = (
  { apiVersion, metadata: { name, namespace } }: KubernetesObject,
  kind: ServedKind,
  otherwise?: string,
) => objectPath({ apiVersion, name, namespace: namespace ?? otherwise }, kind);

function unlessMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}

function reasonOf(content: string): string {
  const status = parse(content);
  return typeof status === "object" && status !== null && "message" in status ? String(status.message) : content.trim();
}
