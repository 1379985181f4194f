/** What a stack says about itself: the inputs of its components are sections of its stack file. */
import { isComponent, type JudgedResource, UNKNOWN, valueAt } from "./resource";

/** A value of the configuration, as the component of that name received it; undefined without the component. */
export function configOf(resources: readonly JudgedResource[], component: string, path: string): unknown {
  const found = resources.find((resource) => isComponent(resource, component));
  return found === undefined ? undefined : valueAt(found.inputs, path);
}

/** The change of CNI that the stack declares. */
export interface DeclaredCni {
  readonly provider: unknown;
  readonly leaving: unknown;
}

/** @returns undefined for a stack that declares no network of nodes, as a test of a single component. */
export function declaredCni(resources: readonly JudgedResource[]): DeclaredCni | undefined {
  const cni = configOf(resources, "NodeNetwork", "cni");
  if (cni === undefined) return undefined;
  return { provider: valueAt(cni, "provider"), leaving: valueAt(cni, "leaving") };
}

/** `metadata.name` of an object, UNKNOWN included. */
export const nameOf = ({ inputs }: JudgedResource): unknown => valueAt(inputs, "metadata.name");

/** `metadata.namespace` of an object, or the namespace of a release. */
export const namespaceOf = ({ inputs }: JudgedResource): unknown =>
  inputs["namespace"] ?? valueAt(inputs, "metadata.namespace");

/** A value for a message: names of objects are no secrets. */
export const shown = (value: unknown): string =>
  value === UNKNOWN ? "(not known yet)" : typeof value === "string" ? value : "(no name)";
