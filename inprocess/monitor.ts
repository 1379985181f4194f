/** The in-process stand-in for the Pulumi engine's resource monitor. */
import { RegisterResourceResponse } from "@pulumi/pulumi/proto/resource_pb";
import type {
  ReadResourceRequest,
  RegisterResourceOutputsRequest,
  RegisterResourceRequest,
  ResourceInvokeRequest,
  SupportsFeatureRequest,
} from "@pulumi/pulumi/proto/resource_pb";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { RecordedResource, ResourceEngine } from "./engine";
import { recordOf } from "./record";
import { containsSecret, decode, encode, SecretValue } from "./secrets";
import { childUrn, packageOf } from "./urn";

type Callback<T> = (error: Error | null, response: T) => void;

/** What the monitor refuses, because only the real engine has it; saying so beats waiting for an answer for ever. */
const UNSUPPORTED = new Set(["outputValues", "resourceHooks", "errorHooks", "transforms", "invokeTransforms"]);

export interface MonitorOptions {
  readonly project: string;
  readonly stack: string;
  readonly engine: ResourceEngine;
  /** Packages whose default provider is disabled (`pulumi:disable-default-providers`); `*` means all. */
  readonly disabledProviders: ReadonlySet<string>;
  /** Called with every fault. A request at fault is never answered, so that nothing that depends on it goes on. */
  readonly onFault: (fault: Error) => void;
}

/**
 * Records every registration as it was sent and has the engine create the custom resources among them.
 *
 * Pulumi's own MockMonitor hands on only type, name and inputs, drops the options and shortens the URNs; everything
 * else of it (features, packages, look-up of registered resources) is kept.
 */
export class RecordingMonitor extends MockMonitor {
  readonly #records = new Map<string, RecordedResource>();
  readonly #options: MonitorOptions;
  #stopped = false;
  #inFlight = 0;
  #activity = 0;

  constructor(options: MonitorOptions) {
    super({
      call: ({ token }) => {
        throw new Error(`the program calls the provider function ${token}, which only the real engine can answer`);
      },
      newResource: () => {
        throw new Error("unreachable: registrations do not pass through the mocks");
      },
    });
    this.#options = options;
  }

  /** Resources in the order of their registration, which is an order of creation. */
  get records(): readonly RecordedResource[] {
    return [...this.#records.values()];
  }

  /** Number of resources being created now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Grows with every request and answer: when it stands still and nothing is in flight, nothing more will come. */
  get activity(): number {
    return this.#activity;
  }

  /** Accepts nothing more. What the engine has begun goes on. */
  stop(): void {
    this.#stopped = true;
  }

  override async registerResource(
    request: RegisterResourceRequest,
    callback: Callback<RegisterResourceResponse>,
  ): Promise<void> {
    this.#activity++;
    if (this.#stopped) return;
    const { stack, project } = this.#options;
    const urn = childUrn(stack, project, request.getParent(), request.getType(), request.getName());
    try {
      this.#refuse(request, urn);
      const record = recordOf(request, urn);
      this.#records.set(urn, record);
      const { id, state } = record.custom ? await this.#create(record) : { id: "", state: {} };
      const answer = withSecrets(record, state);
      this.resources.set(urn, { urn, id: id || null, state: answer });
      const response = new RegisterResourceResponse();
      response.setUrn(urn);
      response.setId(id);
      response.setObject(Struct.fromJavaScript(encode(answer) as Record<string, JavaScriptValue>));
      if (!this.#stopped) callback(null, response);
    } catch (error) {
      this.#fault(`${request.getType()} "${request.getName()}": ${messageOf(error)}`, error);
    }
    this.#activity++;
  }

  override registerResourceOutputs(request: RegisterResourceOutputsRequest, callback: Callback<object>): void {
    this.#activity++;
    const record = this.#records.get(request.getUrn());
    if (!record) return this.#fault(`outputs for a resource that was never registered: ${request.getUrn()}`);
    const outputs = decode(request.getOutputs()?.toJavaScript() ?? {}) as Record<string, unknown>;
    this.#records.set(record.urn, { ...record, outputs });
    callback(null, {});
  }

  override readResource(request: ReadResourceRequest): Promise<void> {
    this.#fault(
      `${request.getType()} "${request.getName()}": the program reads a resource that it does not manage (id ` +
        `"${request.getId()}"), which only the real engine can do`,
    );
    return Promise.resolve();
  }

  override invoke(request: ResourceInvokeRequest, callback: Callback<unknown>): Promise<void> {
    this.#activity++;
    return super.invoke(request, (error: Error | null, response: unknown) =>
      error ? this.#fault(messageOf(error), error) : callback(null, response),
    );
  }

  /** A call of a method of a remote component. */
  call(request: { getTok(): string }): void {
    this.#fault(`the program calls the method ${request.getTok()}, which only the real engine can answer`);
  }

  override supportsFeature(request: SupportsFeatureRequest, callback: Callback<{ getHassupport(): boolean }>): void {
    callback(null, { getHassupport: () => !UNSUPPORTED.has(request.getId()) });
  }

  #refuse(request: RegisterResourceRequest, urn: string): void {
    if (this.#records.has(urn)) throw new Error(`duplicate resource URN ${urn}; give the resource another name`);
    if (request.getRemote()) {
      throw new Error("a remote component is built inside its provider's process and cannot be seen or run in process");
    }
    const isProvider = request.getType().startsWith("pulumi:providers:");
    const pkg = packageOf(request.getType());
    const disabled = this.#options.disabledProviders;
    if (request.getCustom() && !isProvider && !request.getProvider() && (disabled.has("*") || disabled.has(pkg))) {
      throw new Error(`default provider for "${pkg}" is disabled; ${urn} must name its provider`);
    }
  }

  async #create(record: RecordedResource) {
    this.#inFlight++;
    try {
      return await this.#options.engine.create(record);
    } finally {
      this.#inFlight--;
    }
  }

  #fault(message: string, cause?: unknown): void {
    this.stop();
    this.#options.onFault(new Error(message, { cause }));
  }
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Inputs under the engine's answer. As in the real engine, what came in secret goes out secret. */
function withSecrets(record: RecordedResource, state: Record<string, unknown>): Record<string, unknown> {
  const answer: Record<string, unknown> = { ...record.inputs };
  const secretOutputs = new Set(record.options.additionalSecretOutputs);
  for (const [key, value] of Object.entries(state)) {
    const secret = secretOutputs.has(key) || containsSecret(record.inputs[key]);
    answer[key] = secret && !containsSecret(value) ? new SecretValue(value) : value;
  }
  return answer;
}
