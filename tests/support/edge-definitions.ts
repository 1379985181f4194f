/**
 * CustomResourceDefinitions of what the edge of a stack uses, each from where its makers ship it. What cannot be had is
 * named, so that a skipped check says what it lacks. Strimzi's are in no Go module: only a folder beside the repository
 * can have them (`../shared/upstream/strimzi-v0.47.0/crds.yaml`).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { STRIMZI_VERSIONS } from "../../config/compatibility";
import { CERT_MANAGER, type GoModule, ISTIO, provideModule, TRAEFIK } from "./go-module";

/** Definitions of some API groups. */
export interface Definitions {
  readonly groups: readonly string[];
  /** All of them as one text of YAML documents, or why there are none. */
  readonly found: { readonly text: string } | { readonly absent: string };
}

function fromModule(module: GoModule, path: string): Definitions["found"] {
  const provided = provideModule(module);
  if ("absent" in provided) return provided;
  const at = join(provided.folder, path);
  const files = /\.ya?ml$/.test(path) ? [at] : readdirSync(at).map((name) => join(at, name));
  const texts = files.filter((file) => /\.ya?ml$/.test(file)).map((file) => readFileSync(file, "utf8"));
  return { text: texts.join("\n---\n") };
}

function fromUpstream(folder: string): Definitions["found"] {
  const file = resolve(__dirname, "../../../shared/upstream", folder, "crds.yaml");
  return existsSync(file) ? { text: readFileSync(file, "utf8") } : { absent: `${file} is absent` };
}

/** Reads all of them; downloads what Go's cache lacks. */
export const edgeDefinitions = (): Definitions[] => [
  { groups: ["cert-manager.io"], found: fromModule(CERT_MANAGER, "deploy/crds") },
  { groups: ["networking.istio.io"], found: fromModule(ISTIO, "kubernetes/customresourcedefinitions.gen.yaml") },
  {
    groups: ["traefik.io"],
    found: fromModule(TRAEFIK, "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"),
  },
  { groups: ["kafka.strimzi.io"], found: fromUpstream(`strimzi-v${STRIMZI_VERSIONS[0]}`) },
];

/** The group of an object's API. */
export const groupOf = ({ apiVersion }: { readonly apiVersion: string }): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

/** What is skipped, for the name of a test: empty when nothing is. */
export const skipped = (definitions: readonly Definitions[]): string =>
  definitions
    .flatMap(({ groups, found }) => ("absent" in found ? [` (skipped: ${groups.join(", ")}: ${found.absent})`] : []))
    .join("");
