/** Pulumi URNs: `urn:pulumi:<stack>::<project>::<type chain>::<name>`. */

const STACK_TYPE = "pulumi:pulumi:Stack";

interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** Types of all ancestors but the stack, and the resource's own, joined by `$`. */
  readonly qualifiedType: string;
  readonly name: string;
}

/** @throws Error when the text is no URN. */
export function parseUrn(urn: string): UrnParts {
  const [stack, project, qualifiedType, ...name] = urn.replace(/^urn:pulumi:/, "").split("::");
  if (!urn.startsWith("urn:pulumi:") || !stack || !project || !qualifiedType || name.length === 0) {
    throw new Error(`not a Pulumi URN: ${urn}`);
  }
  return { stack, project, qualifiedType, name: name.join("::") };
}

/**
 * The URN that the Pulumi engine gives (sdk/go/common/resource/urn: the stack's own type is no part of the chain).
 * Pulumi's MockMonitor keeps only the parent's last type, so that two resources of a deep tree can collide.
 */
export function childUrn(
  stack: string,
  project: string,
  parent: string | undefined,
  type: string,
  name: string,
): string {
  const parentType = parent ? parseUrn(parent).qualifiedType : "";
  const chain = parentType && parentType !== STACK_TYPE ? `${parentType}$${type}` : type;
  return `urn:pulumi:${stack}::${project}::${chain}::${name}`;
}

/** A provider reference is `<urn>::<id>`; the id is not stable between runs. */
export function providerUrn(reference: string): string {
  return reference.split("::").slice(0, 4).join("::");
}

/** The resource package of a type token: `kubernetes` of `kubernetes:core/v1:Namespace`. */
export function packageOf(type: string): string {
  const [first = "", second, third] = type.split(":");
  return first === "pulumi" && second === "providers" && third ? third : first;
}
