/**
 * Checks values against what upstream ships: CustomResourceDefinitions (a small walker over `openAPIV3Schema`) and the
 * values files of charts. The files lie beside the repository, in `../shared/upstream`; without them the tests that need
 * them are skipped, and say so in their name.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { load } from "js-yaml";

const UPSTREAM = resolve(__dirname, "../../../shared/upstream");

/** `describe` where the upstream files are, else a skipped one that names the reason. */
export function describeWithUpstream(name: string, tests: () => void): void {
  if (existsSync(UPSTREAM)) describe(name, tests);
  else describe.skip(`${name} (skipped: ${UPSTREAM} is absent)`, tests);
}

/** The part of a structural schema that the walker understands. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
}

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const texts = new Map<string, string>();

/** Text of one upstream file, such as `("calico-v3.31.7", "crds.yaml")`. */
export function upstreamText(release: string, file: string): string {
  const path = join(UPSTREAM, release, file);
  const text = texts.get(path) ?? readFileSync(path, "utf8");
  texts.set(path, text);
  return text;
}

/**
 * Schema of one custom resource.
 *
 * @param release folder of the release, such as `calico-v3.31.7`.
 * @param crd name of the definition, such as `installations.operator.tigera.io`.
 * @param version API version, such as `v1`.
 */
export function crdSchema(release: string, crd: string, version: string): Schema {
  return schemaIn(upstreamText(release, "crds.yaml"), release, crd, version);
}

/**
 * The same from any text with definitions.
 *
 * @param release What the text is, for messages.
 */
export function schemaIn(text: string, release: string, crd: string, version: string): Schema {
  // The files hold megabytes; only the wanted document is parsed.
  const document = text
    .split(/^---\s*$/m)
    .find((text) => new RegExp(`^  name: ["']?${crd.replaceAll(".", "\\.")}["']?\\s*$`, "m").test(text));
  if (document === undefined) throw new Error(`${release} has no CustomResourceDefinition ${crd}`);
  const definition = load(document) as Definition;
  const found = definition.spec.versions.find(({ name }) => name === version);
  if (found === undefined) throw new Error(`${crd} of ${release} has no version ${version}`);
  return found.schema.openAPIV3Schema;
}

/** How strictly {@link violations} looks. */
export interface WalkOptions {
  /** Enforce `format: int32`, as Kubernetes does from 1.36 on and did not before. @default false */
  readonly integerFormats?: boolean;
}

const OF_EVERY_OBJECT: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
const KNOWN_AT_ROOT: Schema = { "x-kubernetes-preserve-unknown-fields": true };

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

function scalarViolations(schema: Schema, value: unknown, path: string, options: WalkOptions): string[] {
  const found: string[] = [];
  const shown = JSON.stringify(value);
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    found.push(`${path}: ${shown} is not one of ${schema.enum.join(", ")}`);
  }
  if (schema.pattern !== undefined && typeof value === "string") {
    // Go's inline flag is not JavaScript's.
    const insensitive = schema.pattern.includes("(?i)");
    const pattern = new RegExp(schema.pattern.replace("(?i)", ""), insensitive ? "i" : "");
    if (!pattern.test(value)) found.push(`${path}: ${shown} does not match ${schema.pattern}`);
  }
  if (typeof value === "number") {
    if (value < (schema.minimum ?? -Infinity)) found.push(`${path}: ${shown} is less than ${schema.minimum}`);
    if (value > (schema.maximum ?? Infinity)) found.push(`${path}: ${shown} is more than ${schema.maximum}`);
    if (options.integerFormats === true && schema.format === "int32" && value !== Math.trunc(value | 0)) {
      found.push(`${path}: ${shown} is no int32`);
    }
  }
  return found;
}

/** What an API server with strict field validation would refuse, as `path: reason`; empty when it takes the value. */
export function violations(schema: Schema, value: unknown, options: WalkOptions = {}, path = ""): string[] {
  const here = path === "" ? "(root)" : path;
  if (schema["x-kubernetes-int-or-string"] === true) {
    return Number.isInteger(value) || typeof value === "string" ? [] : [`${here}: expected integer or string`];
  }
  const isType = schema.type === undefined ? undefined : TYPES[schema.type];
  if (isType !== undefined && !isType(value)) return [`${here}: expected ${schema.type}, got ${JSON.stringify(value)}`];
  if (Array.isArray(value)) {
    const tooMany = value.length > (schema.maxItems ?? Infinity) ? [`${here}: more than ${schema.maxItems} items`] : [];
    const { items } = schema;
    return items
      ? [...tooMany, ...value.flatMap((item, index) => violations(items, item, options, `${path}[${index}]`))]
      : tooMany;
  }
  if (typeof value !== "object" || value === null) return scalarViolations(schema, value, here, options);
  const missing = (schema.required ?? []).filter((key) => !(key in value)).map((key) => `${here}: ${key} is missing`);
  const inner = Object.entries(value).flatMap(([key, item]) => {
    const at = path === "" ? key : `${path}.${key}`;
    const known = schema.properties?.[key];
    // The API server itself defines metadata; CRDs only say that it is an object.
    if (known !== undefined)
      return violations(path === "" && key === "metadata" ? KNOWN_AT_ROOT : known, item, options, at);
    if (typeof schema.additionalProperties === "object")
      return violations(schema.additionalProperties, item, options, at);
    // Some definitions leave out what the API server itself defines of every object.
    if (path === "" && OF_EVERY_OBJECT.has(key)) return [];
    if (schema.additionalProperties === true || schema["x-kubernetes-preserve-unknown-fields"] === true) return [];
    return [`${at}: field not declared in schema`];
  });
  return [...missing, ...inner];
}

/** Paths of a chart's values that `values` sets and the chart's own values file does not have. */
export function unknownValues(chart: unknown, values: unknown, path = ""): string[] {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return [];
  const known = typeof chart === "object" && chart !== null ? (chart as Record<string, unknown>) : {};
  // An empty map in a values file is there for the user to fill.
  if (path !== "" && Object.keys(known).length === 0) return [];
  return Object.entries(values).flatMap(([key, item]) => {
    const at = path === "" ? key : `${path}.${key}`;
    return key in known ? unknownValues(known[key], item, at) : [at];
  });
}
