/**
 * The files for `pulumi import --file`: what exists, with the components around it and the provider that reads it. Pure.
 *
 * Facts (Pulumi 3.259, `cmd/pulumi/operations/import.go` and `resource/deploy/import.go`, and tried with it):
 * - A component is imported as `component: true` without an id, a provider with its `inputs` and without an id; both are
 *   created in the state where they are not there yet. A provider among the resources needs CLI 3.254 or later.
 * - Providers are made before the components of the same file, so that one whose parent is a component leaves the state
 *   without that parent, and broken. Components therefore have a file of their own, which is imported first.
 * - `parent` and `provider` are names of other resources of the file, or of `nameTable`, which gives the URN of what the
 *   state holds; a name that two resources share must not be used so. `name` is that reference, `logicalName` the name in
 *   the program; the URN is made of the latter.
 * - What the state holds already under the same URN and id is passed over, so that a file can be imported again after an
 *   interrupted run. Nothing is written to the cluster: the provider only reads.
 */
import type { RecordedResource } from "../../inprocess/engine";
import { SecretValue } from "../../inprocess/secrets";

/** The oldest Pulumi CLI that imports such files. */
export const IMPORT_CLI = "3.254";

export interface ImportEntry {
  readonly type: string;
  readonly name: string;
  readonly logicalName?: string;
  readonly id?: string;
  readonly parent?: string;
  readonly provider?: string;
  readonly version?: string;
  readonly component?: true;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

export interface ImportFile {
  /** URNs of what the state holds, by the names that `parent` uses. */
  readonly nameTable?: Readonly<Record<string, string>>;
  readonly resources: readonly ImportEntry[];
}

export interface ImportFiles {
  /** The components; to be imported first. */
  readonly components: ImportFile;
  /** The provider and everything that exists. */
  readonly resources: ImportFile;
}

const STACK = "pulumi:pulumi:Stack";

/**
 * @param resources The whole plan.
 * @param ids Ids of what exists, by URN.
 * @param version Version of the Kubernetes provider's package, which the program asks the engine for. Without it the
 *   engine would take any, and change the provider at the first `up`.
 * @throws Error where a provider's inputs hold a secret, which has no place in a file.
 */
export function importFiles(
  resources: readonly RecordedResource[],
  ids: ReadonlyMap<string, string>,
  version: string,
): ImportFiles {
  const taken = withSurroundings(resources, ids);
  const names = namesOf(taken);
  const entry = (resource: RecordedResource): ImportEntry => {
    const { urn, type, name, custom, parent, provider } = resource;
    const own = names.get(urn)!;
    const around = parent === undefined ? undefined : names.get(parent);
    return {
      type,
      name: own,
      ...(own === name ? {} : { logicalName: name }),
      ...(around === undefined ? {} : { parent: around }),
      ...(provider === undefined ? {} : { provider: names.get(provider)! }),
      ...(custom ? { version } : { component: true as const }),
      ...(isProvider(type) ? { inputs: openInputs(resource) } : {}),
      ...(ids.has(urn) ? { id: ids.get(urn)! } : {}),
    };
  };
  const components = taken.filter(({ custom }) => !custom);
  return {
    components: { resources: components.map(entry) },
    resources: {
      nameTable: Object.fromEntries(components.map(({ urn }) => [names.get(urn)!, urn])),
      resources: taken.filter(({ custom }) => custom).map(entry),
    },
  };
}

/** What exists, with its parents and providers, in the order of the program, which puts those first. */
function withSurroundings(
  resources: readonly RecordedResource[],
  ids: ReadonlyMap<string, string>,
): readonly RecordedResource[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource] as const));
  const wanted = new Set<string>();
  const take = (urn: string | undefined): void => {
    const resource = urn === undefined ? undefined : byUrn.get(urn);
    if (resource === undefined || resource.type === STACK || wanted.has(resource.urn)) return;
    wanted.add(resource.urn);
    take(resource.parent);
    take(resource.provider);
  };
  for (const urn of ids.keys()) take(urn);
  return resources.filter(({ urn }) => wanted.has(urn));
}

const isProvider = (type: string): boolean => type.startsWith("pulumi:providers:");

/** Resource names, with the type in front of those that stand for several resources. */
function namesOf(resources: readonly RecordedResource[]): ReadonlyMap<string, string> {
  const count = new Map<string, number>();
  for (const { name } of resources) count.set(name, (count.get(name) ?? 0) + 1);
  return new Map(resources.map(({ urn, type, name }) => [urn, count.get(name) === 1 ? name : `${type}::${name}`]));
}

function openInputs({ name, inputs }: RecordedResource): Readonly<Record<string, unknown>> {
  const secret = Object.entries(inputs).find(([, value]) => value instanceof SecretValue);
  if (secret === undefined) return inputs;
  throw new Error(`${name}: its input ${secret[0]} is a secret, which must not be written into an import file`);
}
