/** Kubernetes objects from YAML files. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";
import { z } from "zod";
import type { KubernetesObject } from "../api/objects";
import { SandboxError } from "../failure";

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/** @throws SandboxError naming the file when a document is no Kubernetes object. */
export function parseDocuments(text: string, source: string): KubernetesObject[] {
  const documents = loadAll(text).filter((document) => document !== null && document !== undefined);
  return asObjects(documents, source);
}

/** @throws SandboxError naming the source when one is no Kubernetes object. */
export function asObjects(documents: readonly unknown[], source: string): KubernetesObject[] {
  return documents.map((document) => {
    const parsed = objectSchema.safeParse(document);
    if (!parsed.success) throw new SandboxError(`${source} holds a document that is no Kubernetes object with a name`);
    return parsed.data;
  });
}

/** All objects of the YAML files in a folder, files in the order of their names; none when there is no folder. */
export function readDocuments(folder: string): KubernetesObject[] {
  return yamlFiles(folder).flatMap((file) => parseDocuments(readFileSync(file, "utf8"), file));
}

export function readDocumentFile(file: string): KubernetesObject[] {
  return parseDocuments(readFileSync(file, "utf8"), file);
}

function yamlFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}
