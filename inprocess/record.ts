/** The raw registration request, read into a {@link RecordedResource}. */
import type { Alias } from "@pulumi/pulumi/proto/alias_pb";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import type { RecordedOptions, RecordedResource } from "./engine";
import { decode } from "./secrets";
import { providerUrn } from "./urn";

const listOf = (values: readonly string[]) => (values.length > 0 ? [...values] : undefined);
const textOf = (value: string) => (value === "" ? undefined : value);

/** The object without its undefined members; undefined when none is left. */
function compact<T extends object>(value: T): T | undefined {
  const kept = Object.entries(value).filter(([, item]) => item !== undefined);
  return kept.length > 0 ? (Object.fromEntries(kept) as T) : undefined;
}

function aliasOf(alias: Alias): unknown {
  const spec = alias.getSpec();
  if (!spec) return alias.getUrn();
  return compact({
    name: textOf(spec.getName()),
    type: textOf(spec.getType()),
    stack: textOf(spec.getStack()),
    project: textOf(spec.getProject()),
    parent: textOf(spec.getParenturn()),
    noParent: spec.getNoparent() || undefined,
  });
}

function optionsOf(request: RegisterResourceRequest, custom: boolean): RecordedOptions {
  const timeouts = request.getCustomtimeouts();
  const providers = Object.fromEntries(request.getProvidersMap().toArray());
  const aliases = [...request.getAliasesList().map(aliasOf), ...request.getAliasurnsList()];
  return (
    compact<RecordedOptions>({
      protect: request.hasProtect() ? request.getProtect() : undefined,
      retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
      deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
      ignoreChanges: listOf(request.getIgnorechangesList()),
      replaceOnChanges: listOf(request.getReplaceonchangesList()),
      additionalSecretOutputs: listOf(request.getAdditionalsecretoutputsList()),
      hideDiffs: listOf(request.getHidediffsList()),
      customTimeouts: timeouts
        ? compact({
            create: textOf(timeouts.getCreate()),
            update: textOf(timeouts.getUpdate()),
            delete: textOf(timeouts.getDelete()),
            read: textOf(timeouts.getRead()),
          })
        : undefined,
      aliases: aliases.length > 0 ? aliases : undefined,
      providers: custom
        ? undefined
        : compact(Object.fromEntries(Object.entries(providers).map(([pkg, ref]) => [pkg, providerUrn(ref)]))),
      deletedWith: textOf(request.getDeletedwith()),
      replaceWith: listOf(request.getReplaceWithList()),
      import: textOf(request.getImportid()),
      // The SDK packages send their own version with every resource; it says nothing about the program.
    }) ?? {}
  );
}

/** @param urn the full URN, which the request itself does not carry. */
export function recordOf(request: RegisterResourceRequest, urn: string): RecordedResource {
  const parent = textOf(request.getParent());
  const provider = textOf(request.getProvider());
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((value, key) => {
    if (value.getUrnsList().length > 0) propertyDependencies[key] = value.getUrnsList().sort();
  });
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    ...(parent ? { parent } : {}),
    ...(provider ? { provider: providerUrn(provider) } : {}),
    inputs: decode(request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
    dependencies: request.getDependenciesList().sort(),
    propertyDependencies,
    options: optionsOf(request, request.getCustom()),
  };
}
