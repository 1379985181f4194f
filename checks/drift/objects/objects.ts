/**
 * Drift in the cluster that Pulumi does not see: fields that others changed or added, objects that nobody declared, and
 * objects of Helm releases. Nothing is written: declared objects are compared by a dry run.
 */
import type { Check } from "../../check";
import { Kinds } from "../../cluster/kinds";
import { PATHS } from "../../cluster/paths";
import type { CheckContext } from "../../context";
import { clusterIdentity } from "../../criteria/cluster-identity";
import type { AllowedDrift } from "../../../config/schema";
import { LookError } from "../../verdict";
import type { Comparing } from "./compare";
import type { Declared, DeclaredRelease } from "./declared";
import { declaredObjects } from "./declared-objects";
import { Ledger } from "./ledger";
import { newestRecord, type ReleaseRecord, type StoredSecret } from "./release-record";
import { helmObjects, helmReleases } from "./releases";
import { undeclaredObjects } from "./undeclared";
import { isTree, type Tree } from "../../../config/tree";

export class ObjectDrift {
  readonly ledger: Ledger;
  private opened: Kinds | undefined;
  private readonly records = new Map<string, Promise<ReleaseRecord | undefined>>();

  /**
   * @param plan What the stack declares, or why nobody knows.
   * @param allow Differences that the stack file accepts.
   */
  constructor(
    readonly context: CheckContext,
    private readonly plan: Declared | LookError,
    allow: readonly AllowedDrift[],
  ) {
    this.ledger = new Ledger(context.subject.stack, allow);
  }

  /** What the stack declares. @throws LookError where that could not be worked out. */
  get declared(): Declared {
    if (this.plan instanceof LookError) throw this.plan;
    return this.plan;
  }

  /** @throws LookError where the kubeconfig cannot be used. */
  get kinds(): Kinds {
    this.opened ??= new Kinds(this.context.api);
    return this.opened;
  }

  comparing(signal: AbortSignal): Comparing {
    return { api: this.context.api, kinds: this.kinds, signal };
  }

  /** Helm's newest record of a release, read once; undefined where there is none. @throws LookError */
  record({ name, namespace }: DeclaredRelease, signal: AbortSignal): Promise<ReleaseRecord | undefined> {
    const key = `${namespace}/${name}`;
    const known = this.records.get(key);
    if (known !== undefined) return known;
    const path = PATHS.secrets(namespace);
    const query = { labelSelector: `owner=helm,name=${name}` };
    const asked = this.context.api.list<StoredSecret>(path, signal, query).then(newestRecord);
    this.records.set(key, asked);
    return asked;
  }

  /** Names that the program, or the manifest of a release that can be read, gives to objects of a kind. */
  async declaredNames(kind: string, namespace: string | undefined, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const own = this.declared.objects.filter((one) => one.kind === kind && one.namespace === namespace);
    const records = await Promise.all(
      this.declared.releases.map((release) => this.record(release, signal).catch(() => undefined)),
    );
    const charted = records.flatMap((record) =>
      (record?.objects ?? []).flatMap((body) => {
        const metadata: Tree = isTree(body["metadata"]) ? body["metadata"] : {};
        const home = namespace === undefined ? undefined : (metadata["namespace"] ?? record?.namespace);
        return body["kind"] === kind && home === namespace ? [String(metadata["name"])] : [];
      }),
    );
    return new Set([...own.map(({ name }) => name), ...charted]);
  }
}

/** All checks, the identity of the cluster first. */
export const objectDriftChecks = (run: ObjectDrift): Check[] => [
  clusterIdentity(run.context, "could not look"),
  declaredObjects(run),
  undeclaredObjects(run),
  helmReleases(run),
  helmObjects(run),
];
