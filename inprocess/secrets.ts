/**
 * Property values as this project sees them: Pulumi's wire form (secrets, resource references and unknowns encoded by
 * signature keys, see @pulumi/pulumi 3.248 `runtime/rpc`) to plain values with {@link SecretValue} markers, and back.
 */
import { inspect } from "node:util";
import * as rpc from "@pulumi/pulumi/runtime/rpc";

/** What stands in every output of ours for a secret. */
export const SECRET_MASK = "[secret]";

/** What stands for a value that is known only after a real deployment. */
export const UNKNOWN_MASK = "[unknown]";

/** A value that Pulumi treats as secret. Printing, serialising or interpolating it shows only the mask. */
export class SecretValue {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** The value in clear: for the engine that has to apply it, never for output. */
  reveal(): unknown {
    return this.#value;
  }

  toString(): string {
    return SECRET_MASK;
  }

  toJSON(): string {
    return SECRET_MASK;
  }

  [inspect.custom](): string {
    return SECRET_MASK;
  }
}

type Tree = Record<string, unknown>;

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof SecretValue);

function mapTree(value: unknown, leaf: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapTree(item, leaf));
  if (isTree(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTree(item, leaf)]));
  return leaf(value);
}

/** Wire form to values. A resource reference becomes the URN; an asset becomes `{ path | text | uri }`. */
export function decode(wire: unknown): unknown {
  if (wire === rpc.unknownValue) return UNKNOWN_MASK;
  if (Array.isArray(wire)) return wire.map(decode);
  if (!isTree(wire)) return wire;
  const { [rpc.specialSigKey]: signature, ...rest } = wire;
  if (signature === rpc.specialSecretSig) return new SecretValue(decode(rest["value"]));
  if (signature === rpc.specialResourceSig) return rest["urn"];
  return Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, decode(item)]));
}

/** Values to wire form. `undefined` is left out of objects, as JSON would. */
export function encode(value: unknown): unknown {
  if (value instanceof SecretValue) {
    return { [rpc.specialSigKey]: rpc.specialSecretSig, value: encode(value.reveal()) ?? null };
  }
  if (value === UNKNOWN_MASK) return rpc.unknownValue;
  if (Array.isArray(value)) return value.map((item) => encode(item) ?? null);
  if (!isTree(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(kept.map(([key, item]) => [key, encode(item)]));
}

/** The same value with every secret in clear: for applying, never for output. */
export function revealSecrets(value: unknown): unknown {
  return mapTree(value, (leaf) => (leaf instanceof SecretValue ? revealSecrets(leaf.reveal()) : leaf));
}

/** The same value with every secret replaced by {@link SECRET_MASK}. */
export function maskSecrets(value: unknown): unknown {
  return mapTree(value, (leaf) => (leaf instanceof SecretValue ? SECRET_MASK : leaf));
}

/** Whether a secret is anywhere inside. */
export function containsSecret(value: unknown): boolean {
  if (value instanceof SecretValue) return true;
  if (Array.isArray(value)) return value.some(containsSecret);
  return isTree(value) && Object.values(value).some(containsSecret);
}
