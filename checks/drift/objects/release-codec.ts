/**
 * How Helm keeps a release: JSON, gzipped and in base64, below the key `release` of a Secret, whose content Kubernetes puts
 * in base64 once more (Helm 3 and 4, pkg/storage/driver/util.go encodeRelease). Pure.
 */
import { gunzipSync, gzipSync } from "node:zlib";

/** Helm's own release, as far as anything here reads it. */
export interface RawRelease {
  readonly name: string;
  readonly namespace: string;
  /** The revision, from 1 on. */
  readonly version: number;
  readonly info?: { readonly status?: string };
  readonly chart?: { readonly metadata?: { readonly name?: string; readonly version?: string } };
  /** Values that were given over those of the chart. */
  readonly config?: unknown;
  /** What was applied, as YAML; without hooks and without the CRDs of the chart's folder `crds`. */
  readonly manifest?: string;
}

/** The largest record that is unpacked, in bytes: Seldon's CRDs are 2.3 MB of manifest. */
const LARGEST = 64 * 1024 * 1024;

/** The content of the Secret's key `release`, as the API takes it. */
export const packRelease = (release: RawRelease): string =>
  Buffer.from(gzipSync(JSON.stringify(release)).toString("base64"), "latin1").toString("base64");

/** @throws Error where it is nothing that Helm would write; its message may quote the content, which may hold secrets. */
export function unpackRelease(content: string): RawRelease {
  const packed = Buffer.from(Buffer.from(content, "base64").toString("latin1"), "base64");
  return JSON.parse(gunzipSync(packed, { maxOutputLength: LARGEST }).toString("utf8")) as RawRelease;
}
