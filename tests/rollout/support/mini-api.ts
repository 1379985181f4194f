/** A little API server for tests: stores objects of any path, lists with selectors, creates, patches, deletes, evicts. */
import { randomUUID } from "node:crypto";
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";

export interface Stored {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    finalizers?: string[];
    ownerReferences?: readonly unknown[];
    [field: string]: unknown;
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [field: string]: unknown;
}

/** An object before the server has it. */
export interface Unstored {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

export const refusal = (status: number, reason: string, message: string, details: unknown = {}): Answer => ({
  status,
  body: { kind: "Status", status: "Failure", code: status, reason, message, details },
});

const notFound = (path: string): Answer =>
  refusal(404, "NotFound", `"${path}" not found`, { name: path.split("/").at(-1) });

/** Whether a path names a collection: namespaced and cluster-wide plurals have a word count of their own. */
const isCollection = (path: string): boolean => {
  const words = path.split("/").filter((word) => word !== "");
  const base = words[0] === "api" ? 2 : 3;
  const rest = words.slice(base);
  if (rest[0] === "namespaces" && rest.length > 2) return rest.length === 3;
  return rest.length === 1;
};

export class MiniApi {
  readonly objects = new Map<string, Stored>();
  readonly requests: string[] = [];
  /** Asked before anything else; an answer ends the request. "cut" drops the connection. */
  intercept: ((request: Seen) => Answer | "cut" | undefined) | undefined;
  /** Told of every object that was created. */
  onCreate: (path: string, object: Stored) => void = () => undefined;
  /** Told of every object that was patched. */
  onChange: (path: string, object: Stored) => void = () => undefined;
  /** Asked to delete: what takes time stays until the test removes it. */
  onDelete: (path: string, object: Stored) => void = (path) => void this.objects.delete(path);
  /** Answers an eviction; undefined lets it happen. */
  onEvict: (pod: Stored) => Answer | undefined = () => undefined;
  /** Text of a log by pod path. */
  readonly logs = new Map<string, string>();
  private versions = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = http.createServer((request, response) => void this.serve(request, response));

  async start(port = 0): Promise<void> {
    this.server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    await new Promise<void>((done) => this.server.listen(port, "127.0.0.1", done));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  /** Puts an object under a collection, with the fields that a server adds. */
  put(collection: string, object: Unstored): Stored {
    const namespace = /\/namespaces\/([^/]+)\/[^/]+$/.exec(collection)?.[1];
    const stored = {
      ...object,
      metadata: {
        ...(namespace === undefined ? {} : { namespace }),
        ...object.metadata,
        uid: object.metadata.uid ?? randomUUID(),
        resourceVersion: this.nextVersion(),
      },
    } as Stored;
    this.objects.set(`${collection}/${object.metadata.name}`, stored);
    return stored;
  }

  /** Objects directly under a collection; a collection without a namespace has those of all namespaces. */
  list(collection: string): Stored[] {
    const [, group = "", plural = ""] = /^(.*)\/([^/]+)$/.exec(collection) ?? [];
    return [...this.objects.entries()]
      .filter(([path]) => {
        const parent = path.slice(0, path.lastIndexOf("/"));
        return parent === collection || (parent.startsWith(`${group}/namespaces/`) && parent.endsWith(`/${plural}`));
      })
      .map(([, object]) => object);
  }

  private nextVersion(): string {
    this.versions += 1;
    return String(this.versions);
  }

  private async serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const raw = await text(request);
    const body = (raw === "" ? {} : JSON.parse(raw)) as Record<string, unknown>;
    const seen: Seen = {
      method: request.method ?? "GET",
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      body,
    };
    this.requests.push(`${seen.method} ${seen.path}`);
    const answer = this.intercept?.(seen) ?? this.answer(seen);
    if (answer === "cut") return void request.socket.destroy();
    const isText = typeof answer.body === "string";
    response.writeHead(answer.status, { "content-type": isText ? "text/plain" : "application/json" });
    response.end(isText ? answer.body : JSON.stringify(answer.body));
  }

  private answer(seen: Seen): Answer {
    switch (seen.method) {
      case "GET":
        return this.get(seen);
      case "POST":
        return seen.path.endsWith("/eviction") ? this.evict(seen) : this.create(seen);
      case "PATCH":
        return this.patch(seen);
      case "PUT":
        return this.replace(seen);
      default:
        return this.delete(seen);
    }
  }

  private get({ path, query }: Seen): Answer {
    if (path.endsWith("/log")) return { status: 200, body: this.logs.get(path.slice(0, -"/log".length)) ?? "" };
    if (path === "/version") return { status: 200, body: { gitVersion: "v1.33.1+k3s1" } };
    const object = this.objects.get(path);
    if (object !== undefined) return { status: 200, body: object };
    if (!isCollection(path)) return notFound(path);
    const items = this.list(path).filter((item) => matches(item, query));
    return { status: 200, body: { items, metadata: {} } };
  }

  private create({ path, body }: Seen): Answer {
    const { metadata } = body as unknown as Stored;
    const at = `${path}/${metadata.name}`;
    if (this.objects.has(at)) return refusal(409, "AlreadyExists", `"${metadata.name}" already exists`);
    const stored = this.put(path, body as unknown as Unstored);
    this.onCreate(at, stored);
    return { status: 201, body: stored };
  }

  private patch({ path, body }: Seen): Answer {
    const at = path.replace(/\/(status|scale)$/, "");
    const object = this.objects.get(at);
    if (object === undefined) return notFound(at);
    const merged = merge(object, body) as Stored;
    merged.metadata.resourceVersion = this.nextVersion();
    this.objects.set(at, merged);
    this.onChange(at, merged);
    return { status: 200, body: merged };
  }

  private replace({ path, body }: Seen): Answer {
    const object = this.objects.get(path);
    if (object === undefined) return notFound(path);
    const next = body as unknown as Stored;
    if (next.metadata.resourceVersion !== object.metadata.resourceVersion) {
      return refusal(409, "Conflict", "the object has been modified");
    }
    const stored = { ...next, metadata: { ...object.metadata, ...next.metadata, resourceVersion: this.nextVersion() } };
    this.objects.set(path, stored);
    return { status: 200, body: stored };
  }

  private delete({ path, body }: Seen): Answer {
    const object = this.objects.get(path);
    if (object === undefined) return notFound(path);
    const wanted = (body["preconditions"] as { uid?: string } | undefined)?.uid;
    if (wanted !== undefined && wanted !== object.metadata.uid) return refusal(409, "Conflict", "Precondition failed");
    this.markDeleted(path, object);
    return { status: 200, body: object };
  }

  private evict({ path, body }: Seen): Answer {
    const at = path.slice(0, -"/eviction".length);
    const pod = this.objects.get(at);
    if (pod === undefined) return notFound(at);
    const { uid } = (body["deleteOptions"] as { preconditions: { uid: string } }).preconditions;
    if (uid !== pod.metadata.uid) return refusal(409, "Conflict", "Precondition failed: UID in precondition");
    const refused = this.onEvict(pod);
    if (refused !== undefined) return refused;
    this.markDeleted(at, pod);
    return { status: 201, body: { kind: "Status", status: "Success" } };
  }

  private markDeleted(path: string, object: Stored): void {
    if (object.metadata.deletionTimestamp === undefined) {
      object.metadata.deletionTimestamp = new Date().toISOString();
      this.onDelete(path, object);
    }
  }
}

/** JSON merge patch (RFC 7386); lists are replaced, but for conditions, which a strategic merge patch merges by type. */
function merge(target: unknown, patch: unknown): unknown {
  if (Array.isArray(target) && Array.isArray(patch) && patch.length > 0 && patch.every(isCondition)) {
    const types = new Set(patch.map(({ type }) => type));
    return [...(target as unknown[]).filter((one) => !isCondition(one) || !types.has(one.type)), ...patch];
  }
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === "object" && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

function matches(object: Stored, query: URLSearchParams): boolean {
  const labels = (query.get("labelSelector") ?? "").split(",").filter((part) => part.includes("="));
  if (labels.some((part) => object.metadata.labels?.[part.split("=")[0]!] !== part.split("=")[1])) return false;
  const node = /^spec\.nodeName=(.*)$/.exec(query.get("fieldSelector") ?? "")?.[1];
  return node === undefined || object.spec?.["nodeName"] === node;
}

const isCondition = (value: unknown): value is { readonly type: string } =>
  typeof value === "object" && value !== null && "type" in value && "status" in value;
