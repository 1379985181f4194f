/**
 * Reads as much of a faulty configuration as can be read, so that rules about the sound parts still run and all
 * faults are reported at once.
 */
import { z } from "zod";
import type { Fault } from "./faults";
import { type Path, issueFault, unknownKeyFault } from "./schema-faults";

/** Thrown when a rule reads a part that could not be parsed; it ends that rule quietly. */
export class UnreadablePart extends Error {}

const UNREADABLE = Symbol("unreadable");

type Mapping = Record<string, unknown>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The schema below defaults and optionality. */
function core(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return core(schema.unwrap());
  }
  return schema;
}

/** The first description on the way down to the schema's core. */
function meaningOf(schema: z.core.$ZodType): string | undefined {
  if (schema instanceof z.ZodType && schema.description !== undefined) return schema.description;
  const inner = core(schema);
  return inner !== schema && inner instanceof z.ZodType ? inner.description : undefined;
}

/** Puts `value` at `key`, or a property that throws when read. */
function place(target: object, key: PropertyKey, value: unknown): void {
  if (value === UNREADABLE) {
    const get = (): never => {
      throw new UnreadablePart(`${String(key)} could not be parsed`);
    };
    Object.defineProperty(target, key, { enumerable: true, get });
  } else {
    Object.defineProperty(target, key, { enumerable: true, writable: true, configurable: true, value });
  }
}

/** The value that `steps` lead to. */
function dig(value: unknown, steps: Path): unknown {
  return steps.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], value);
}

function readObject(schema: z.ZodObject, raw: Mapping, path: Path, faults: Fault[]): Mapping {
  const known = Object.keys(schema.shape);
  const effective: Mapping = { ...raw };
  for (const key of Object.keys(raw).filter((each) => !known.includes(each))) {
    const { fault, meant } = unknownKeyFault(path, key, known);
    faults.push(fault);
    // Read on as if the key had been spelt right: else its absence would raise faults that mislead.
    if (meant !== undefined && effective[meant] === undefined) effective[meant] = raw[key];
  }
  const result: Mapping = {};
  for (const key of known) {
    const child = (schema.shape as Record<string, z.core.$ZodType>)[key];
    if (child !== undefined) place(result, key, read(child, effective[key], [...path, key], faults));
  }
  return result;
}

function readArray(schema: z.ZodArray, raw: readonly unknown[], path: Path, faults: Fault[]): unknown[] {
  const result: unknown[] = [];
  raw.forEach((item, index) => place(result, index, read(schema.element, item, [...path, index], faults)));
  // What the list as a whole gets wrong; its entries have been dealt with above.
  const own = schema.safeParse(raw).error?.issues.filter((issue) => issue.path.length === 0) ?? [];
  faults.push(...own.map((issue) => issueFault(issue, path, raw, meaningOf(schema))));
  return result;
}

function read(schema: z.core.$ZodType, raw: unknown, path: Path, faults: Fault[]): unknown {
  const inner = core(schema);
  if (inner instanceof z.ZodObject && isMapping(raw)) return readObject(inner, raw, path, faults);
  if (inner instanceof z.ZodArray && Array.isArray(raw)) return readArray(inner, raw, path, faults);
  const parsed = z.safeParse(schema, raw);
  if (parsed.success) return parsed.data;
  faults.push(
    ...parsed.error.issues.map((issue) =>
      issueFault(issue, [...path, ...issue.path], dig(raw, issue.path), meaningOf(schema)),
    ),
  );
  return UNREADABLE;
}

/**
 * Reads `raw` by `schema`.
 * @returns The value with defaults filled in, in which every part that is malformed throws {@link UnreadablePart} when
 * it is read, and all faults in the order of the schema.
 */
export function readLeniently<T extends z.ZodObject>(schema: T, raw: Mapping): { value: z.infer<T>; faults: Fault[] } {
  const faults: Fault[] = [];
  return { value: readObject(schema, raw, [], faults) as z.infer<T>, faults };
}
