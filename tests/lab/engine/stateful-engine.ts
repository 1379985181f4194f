/**
 * Stand-in for the Pulumi engine in the lab, where there is no Pulumi CLI: the in-process engine with a state file. A
 * command whose inputs are those of its last success is not run again, a changed one is, and what the program no longer
 * declares is deleted, dependents first. What the real engine does beyond that (diffs of objects, refresh, replacement
 * by triggers as delete and create, secrets providers) it does not do.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { canonicalJson } from "../../../components/canonical";
import type { CreatedResource, RecordedResource, ResourceEngine } from "../../../inprocess/engine";
import { containsSecret, revealSecrets } from "../../../inprocess/secrets";
import type { ApplyEngine } from "../../../sandbox/engine/apply-engine";

/** What is remembered of a resource. Secrets are not: a resource that holds one is known by its digest only. */
interface Entry {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly provider?: string;
  readonly digest: string;
  readonly dependencies: readonly string[];
  readonly protect: boolean;
  readonly retain: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly created: CreatedResource;
}

const isCommand = (type: string): boolean => /^command:(local|remote):Command$/.test(type);

export class StatefulEngine implements ResourceEngine {
  readonly #entries: Map<string, Entry>;

  /** @param file The state; made when it is absent. */
  constructor(
    readonly apply: ApplyEngine,
    private readonly file: string,
    private readonly say: (line: string) => void,
  ) {
    const stored = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Entry[]) : [];
    this.#entries = new Map(stored.map((entry) => [entry.urn, entry]));
  }

  /** Commands that were really run in this run, in order. */
  readonly ran: string[] = [];

  async create(resource: RecordedResource): Promise<CreatedResource> {
    const inputs = revealSecrets(resource.inputs);
    const digest = createHash("sha256").update(canonicalJson(inputs)).digest("hex");
    const before = this.#entries.get(resource.urn);
    if (isCommand(resource.type) && before?.digest === digest) return before.created;
    const created = await this.apply.create(resource);
    if (isCommand(resource.type)) this.ran.push(resource.name);
    this.#remember(resource, digest, created);
    return created;
  }

  /** Deletes what an earlier run made and this one does not declare. @throws Error for a protected resource. */
  async removeOthers(declared: readonly RecordedResource[]): Promise<readonly string[]> {
    const names = new Set(declared.map(({ urn }) => urn));
    const left = new Map([...this.#entries].filter(([urn]) => !names.has(urn)));
    const removed: string[] = [];
    while (left.size > 0) {
      const needed = new Set([...left.values()].flatMap(({ dependencies }) => dependencies));
      const next = [...left.values()].find(({ urn }) => !needed.has(urn));
      if (next === undefined) throw new Error("the state's dependencies form a circle");
      if (next.protect) throw new Error(`${next.name} is protected and no longer declared`);
      if (!next.retain && next.inputs !== undefined) await this.apply.remove(resourceOf(next));
      left.delete(next.urn);
      this.#entries.delete(next.urn);
      this.#save();
      removed.push(next.name);
    }
    return removed;
  }

  #remember(
    { urn, type, name, provider, inputs, dependencies, options }: RecordedResource,
    digest: string,
    created: CreatedResource,
  ): void {
    // The provider's schema calls a connection secret because it may hold a key; ours never does.
    const { connection, ...rest } = inputs;
    const secret = containsSecret(rest);
    if (secret && inputs["delete"] !== undefined)
      throw new Error(`${name}: a secret would have to be stored for its delete`);
    this.#entries.set(urn, {
      urn,
      type,
      name,
      ...(provider === undefined ? {} : { provider }),
      digest,
      dependencies,
      protect: options.protect ?? false,
      retain: options.retainOnDelete ?? false,
      ...(secret
        ? {}
        : { inputs: connection === undefined ? rest : { ...rest, connection: revealSecrets(connection) } }),
      created: secret ? { ...created, state: {} } : created,
    });
    this.#save();
    if (isCommand(type)) this.say(`= ${name}`);
  }

  /** After every resource: a killed run loses nothing that was done. */
  #save(): void {
    writeFileSync(`${this.file}.new`, JSON.stringify([...this.#entries.values()], null, 1), { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }
}

const resourceOf = ({ urn, type, name, provider, inputs = {}, dependencies }: Entry): RecordedResource => ({
  urn,
  type,
  name,
  custom: true,
  inputs,
  dependencies,
  propertyDependencies: {},
  options: {},
  ...(provider === undefined ? {} : { provider }),
});
