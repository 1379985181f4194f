/** What a deployment must know of the preview that was approved: a small JSON file that travels with it. Pure. */
import { createHash } from "node:crypto";
import type { Change } from "../plan/changes";
import type { Summary } from "../plan/summary";
import { isTree } from "../../config/tree";

export const RECORD_VERSION = 1;
const KIND = "seldon-k3s.preview";

export interface PreviewRecord {
  readonly version: typeof RECORD_VERSION;
  readonly kind: typeof KIND;
  readonly stack: string;
  /** Full commit that was previewed. */
  readonly commit: string;
  /** Digest of the stack's configuration (delivery/gate/digest.ts). */
  readonly configDigest: string;
  /** Digest of what was to be done to which resource. */
  readonly changesDigest: string;
  /** What the change of the CNI was, in words; absent without one. */
  readonly cni?: string;
  /** Version of this project that read the preview (config/version.ts); absent in records from before it was kept. */
  readonly program?: string;
  /** When the preview was made, ISO 8601. */
  readonly at: string;
}

/** The same for the same operations on the same properties, in whatever order the engine took them. */
export function changesDigest(changes: readonly Change[]): string {
  const lines = changes.map(({ operation, ref, paths }) => JSON.stringify([operation, ref, [...paths].sort()])).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

export function recordOf(
  { stack, changes, cni }: Summary,
  {
    commit,
    configDigest,
    program,
    at,
  }: Pick<PreviewRecord, "commit" | "configDigest" | "at"> & {
    readonly program: string;
  },
): PreviewRecord {
  return {
    version: RECORD_VERSION,
    kind: KIND,
    stack,
    commit,
    configDigest,
    changesDigest: changesDigest(changes),
    ...(cni === undefined ? {} : { cni: `${cni.kind}: ${cni.text}` }),
    program,
    at,
  };
}

const FIELDS = ["stack", "commit", "configDigest", "changesDigest", "at"] as const;

/** @throws Error when the text is no record of this version. */
export function readRecord(text: string, origin: string): PreviewRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const fix = "write one with: npm run delivery:preview -- <stack> --record FILE";
  if (!isTree(value) || value["kind"] !== KIND) throw new Error(`${origin} is no record of a preview; ${fix}`);
  if (value["version"] !== RECORD_VERSION) {
    throw new Error(`${origin} is of version ${String(value["version"])}, allowed is ${RECORD_VERSION}; preview again`);
  }
  const missing = FIELDS.filter((field) => typeof value[field] !== "string" || value[field] === "");
  if (missing.length > 0) throw new Error(`${origin} lacks ${missing.join(", ")}; ${fix}`);
  return value as unknown as PreviewRecord;
}
