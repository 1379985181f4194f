/**
 * The in-process engine that really applies: Kubernetes objects by server-side apply, commands by running them, Helm
 * releases by their objects and Helm's record. It keeps no state and finds no difference: those belong to the real engine.
 */
import { resolve } from "node:path";
import { z } from "zod";
import type { CreatedResource, RecordedResource, ResourceEngine } from "../../inprocess/engine";
import { revealSecrets } from "../../inprocess/secrets";
import { ApiClient } from "../api/client";
import type { KubernetesObject } from "../api/objects";
import { renderChart } from "./chart-files";
import { runCommand } from "./command";
import { untilGone } from "./gone";
import { install, uninstall } from "./release";
import { runRemoteCommand } from "./remote-command";

export interface ApplyEngineOptions {
  /** The project's folder: commands run in it, and relative paths start from it. */
  readonly project: string;
  /** Aborts what is under way and refuses what comes after. */
  readonly signal: AbortSignal;
  /** Called with progress and with the output of commands. */
  readonly say: (line: string) => void;
  /** Path of the helm binary that renders real charts. */
  readonly helm?: string;
}

type Create = (resource: RecordedResource, inputs: Readonly<Record<string, unknown>>) => Promise<CreatedResource>;

const FIELD_MANAGER = "seldon-k3s-sandbox";

const releaseSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  chart: z.string(),
  values: z.unknown().optional(),
  timeout: z.number().default(300),
  skipAwait: z.boolean().default(false),
  maxHistory: z.int().default(0),
});

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/** `kubernetes:<group>/<version>:<Kind>`, without Helm's and the YAML packages' own types. */
const KUBERNETES_OBJECT = /^kubernetes:(?!helm\.sh\/|yaml|kustomize)[a-z0-9.-]+\/v\d\w*:[A-Z]\w*$/;

/** Of these, the patches of objects that somebody else made. Server-side apply makes both in one way. */
const PATCH = /:[A-Z]\w*Patch$/;

export class ApplyEngine implements ResourceEngine {
  readonly #options: ApplyEngineOptions;
  readonly #clients = new Map<string, ApiClient>();
  readonly #types: Readonly<Record<string, Create>> = {
    "pulumi:providers:kubernetes": this.#provider.bind(this),
    "kubernetes:helm.sh/v3:Release": this.#release.bind(this),
    "command:local:Command": this.#command.bind(this),
    "command:remote:Command": this.#remoteCommand.bind(this),
  };

  constructor(options: ApplyEngineOptions) {
    this.#options = options;
  }

  /** @throws Error for a type that it does not know, or when the resource cannot be made. */
  async create(resource: RecordedResource): Promise<CreatedResource> {
    this.#options.signal.throwIfAborted();
    const create =
      this.#types[resource.type] ?? (KUBERNETES_OBJECT.test(resource.type) ? this.#object.bind(this) : undefined);
    if (!create)
      throw new Error(`the sandbox cannot make resources of this type; add it to sandbox/engine/apply-engine.ts`);
    const created = await create(resource, revealSecrets(resource.inputs) as Readonly<Record<string, unknown>>);
    this.#options.say(`+ ${resource.type} ${resource.name}`);
    return created;
  }

  /**
   * Deletes what an earlier run made: objects and waits until they are gone, a release's objects but its CRDs, a command by
   * its `delete`. @throws Error when it cannot be deleted.
   */
  async remove(resource: RecordedResource): Promise<void> {
    const { signal, say } = this.#options;
    signal.throwIfAborted();
    const inputs = revealSecrets(resource.inputs) as Readonly<Record<string, unknown>>;
    if (resource.type === "kubernetes:helm.sh/v3:Release") {
      await uninstall(this.#clientOf(resource), releaseSchema.parse(inputs), signal);
    } else if (PATCH.test(resource.type)) {
      // The object is somebody else's: only the fields that were patched go.
      const { apiVersion, kind, metadata } = objectSchema.parse(inputs);
      const { name, namespace } = metadata;
      const bare = { apiVersion, kind, metadata: { name, namespace } } as KubernetesObject;
      await this.#clientOf(resource).apply(bare, { fieldManager: FIELD_MANAGER, signal });
    } else if (KUBERNETES_OBJECT.test(resource.type)) {
      await untilGone(this.#clientOf(resource), objectSchema.parse(inputs), signal);
    } else if (resource.type.endsWith(":Command")) {
      const { delete: line, ...rest } = inputs;
      if (line !== undefined) await this.#types[resource.type]?.(resource, { ...rest, create: line });
    }
    say(`- ${resource.type} ${resource.name}`);
  }

  /** Ends all connections. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #clientOf({ provider, urn }: RecordedResource): ApiClient {
    const client = provider === undefined ? undefined : this.#clients.get(provider);
    if (!client) throw new Error(`${urn} names no Kubernetes provider, and the default one is disabled`);
    return client;
  }

  /** Like the provider: the kubeconfig is a path. Content would begin with a line break or a brace. */
  #provider(
    { urn, name }: RecordedResource,
    { kubeconfig }: Readonly<Record<string, unknown>>,
  ): Promise<CreatedResource> {
    if (typeof kubeconfig !== "string" || /[\n{]/.test(kubeconfig)) {
      throw new Error("needs the path of a kubeconfig; the environment's is never read");
    }
    this.#clients.set(urn, ApiClient.fromFile(resolve(this.#options.project, kubeconfig)));
    return Promise.resolve({ id: name, state: {} });
  }

  async #object(resource: RecordedResource, inputs: Readonly<Record<string, unknown>>): Promise<CreatedResource> {
    const object = objectSchema.parse(inputs) as KubernetesObject;
    const { signal } = this.#options;
    const live = await this.#clientOf(resource).apply(object, { fieldManager: FIELD_MANAGER, signal });
    const { name, namespace, uid } = live.metadata;
    const metadata = { ...object.metadata, uid };
    return { id: namespace === undefined ? name : `${namespace}/${name}`, state: { metadata } };
  }

  async #release(resource: RecordedResource, inputs: Readonly<Record<string, unknown>>): Promise<CreatedResource> {
    const { project, helm, signal } = this.#options;
    const { name, namespace, chart, values, timeout, skipAwait, maxHistory } = releaseSchema.parse(inputs);
    const release = { folder: resolve(project, chart), name, namespace, values };
    const rendered = await renderChart(release, { helm, signal });
    const revision = await install(release, rendered, {
      client: this.#clientOf(resource),
      timeoutSeconds: skipAwait ? undefined : timeout,
      maxHistory,
      signal,
    });
    const status = { status: "deployed", name, namespace, chart, revision };
    return { id: `${namespace}/${name}`, state: { status, resourceNames: {}, manifest: {} } };
  }

  async #command({ name }: RecordedResource, inputs: Readonly<Record<string, unknown>>): Promise<CreatedResource> {
    const { project, signal, say } = this.#options;
    const result = await runCommand(inputs, { project, signal, onLine: (line) => say(`  ${name} | ${line}`) });
    return { id: name, state: { ...result, assets: {}, archive: {} } };
  }

  async #remoteCommand(
    { name }: RecordedResource,
    inputs: Readonly<Record<string, unknown>>,
  ): Promise<CreatedResource> {
    const { signal, say } = this.#options;
    const result = await runRemoteCommand(inputs, { signal, onLine: (line) => say(`  ${name} | ${line}`) });
    return { id: name, state: { ...result } };
  }
}
