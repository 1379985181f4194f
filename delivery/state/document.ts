/** What `pulumi stack export` writes, as far as this room judges it. Pure. */
import { isTree, type Tree } from "../../config/tree";

/** How the engine marks a value that is no plain one, and which kind a secret is (pulumi 3.259, `sdk/go/common/resource/sig`). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export interface StateResource extends Tree {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
}

export interface PendingOperation {
  /** `creating`, `updating`, `deleting`, `reading` or `importing`. */
  readonly type: string;
  readonly resource: StateResource;
}

export interface State {
  /** The whole document; what is not named here must survive an export and an import. */
  readonly document: Tree;
  readonly deployment: Tree;
  /** Of the first resource; both absent in a stack that has none. */
  readonly stack?: string;
  readonly project?: string;
  /** When the state was written last, and by which CLI. */
  readonly time?: string;
  readonly cli?: string;
  /** What encrypts its secrets: type and the engine's own record of it. */
  readonly secrets?: { readonly type: string; readonly state: Tree };
  readonly resources: readonly StateResource[];
  readonly pending: readonly PendingOperation[];
}

/** `urn:pulumi:<stack>::<project>::<types>::<name>`. */
export function partsOf(urn: string): { stack: string; project: string; name: string } {
  const [head = "", project = "", , ...name] = urn.split("::");
  return { stack: head.split(":")[2] ?? "", project, name: name.join("::") };
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

function resourceOf(value: unknown, where: string): StateResource {
  if (isTree(value) && typeof value["urn"] === "string" && typeof value["type"] === "string")
    return value as StateResource;
  throw new Error(`${where} holds a resource without urn and type; it is no state of Pulumi`);
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * @param where What it was read from, for messages.
 * @throws Error where it is no export, holds a secret in clear, or mixes stacks.
 */
export function readState(text: string, where: string): State {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error(`${where} is no JSON: it is cut off, or no output of \`pulumi stack export\``);
  }
  const deployment = isTree(document) ? document["deployment"] : undefined;
  if (!isTree(document) || !isTree(deployment)) {
    throw new Error(`${where} has no \`deployment\`: it is no output of \`pulumi stack export\``);
  }
  if (hasOpenSecret(deployment)) {
    throw new Error(
      `${where} holds secrets in clear (an export with --show-secrets); fix: delete it, rotate them, export without that flag`,
    );
  }
  const resources = list(deployment["resources"]).map((value) => resourceOf(value, where));
  const pending = list(deployment["pending_operations"]).map((value) => {
    if (!isTree(value) || typeof value["type"] !== "string")
      throw new Error(`${where} has a pending operation without type`);
    return { type: value["type"], resource: resourceOf(value["resource"], where) };
  });
  const stacks = new Set(resources.map(({ urn }) => urn.split("::", 2).join("::")));
  if (stacks.size > 1) throw new Error(`${where} mixes resources of several stacks: ${[...stacks].join(", ")}`);
  const own = resources[0] === undefined ? undefined : partsOf(resources[0].urn);
  const manifest = isTree(deployment["manifest"]) ? deployment["manifest"] : {};
  const secrets = deployment["secrets_providers"];
  return {
    document,
    deployment,
    ...(own === undefined ? {} : { stack: own.stack, project: own.project }),
    ...optional("time", textOf(manifest["time"])),
    ...optional("cli", textOf(manifest["version"])),
    ...(isTree(secrets) && typeof secrets["type"] === "string"
      ? { secrets: { type: secrets["type"], state: isTree(secrets["state"]) ? secrets["state"] : {} } }
      : {}),
    resources,
    pending,
  };
}

const optional = <Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]?: string });

/** Whether any secret stands in it as it is. The engine writes `ciphertext`, and `plaintext` where it was told to show. */
function hasOpenSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasOpenSecret);
  if (!isTree(value)) return false;
  if (value[SIGNATURE] === SECRET && typeof value["ciphertext"] !== "string") return true;
  return Object.values(value).some(hasOpenSecret);
}

export interface Difference {
  /** In the other state alone: known again. */
  readonly back: readonly string[];
  /** In the present state alone: forgotten, though it exists. */
  readonly forgotten: readonly string[];
  /** In both, with another id or other values. */
  readonly changed: readonly string[];
}

/** What taking the other state in place of the present one changes, by URN. */
export function difference(present: State, other: State): Difference {
  const values = ({ resources }: State) =>
    new Map(resources.map(({ urn, id, inputs, outputs }) => [urn, JSON.stringify([id, inputs, outputs], openSecrets)]));
  const [before, after] = [values(present), values(other)];
  const only = (one: ReadonlyMap<string, string>, two: ReadonlyMap<string, string>) =>
    [...one.keys()].filter((urn) => !two.has(urn));
  return {
    back: only(after, before),
    forgotten: only(before, after),
    changed: [...after].filter(([urn, value]) => before.has(urn) && before.get(urn) !== value).map(([urn]) => urn),
  };
}

/** The same secret has another ciphertext in every export that was encrypted anew: it is compared by its being one. */
const openSecrets = (key: string, value: unknown): unknown => (key === "ciphertext" ? "" : value);
