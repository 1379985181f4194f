/** A digest of what configures a stack: Pulumi.yaml and Pulumi.<stack>.yaml, byte for byte. Secrets in it are ciphertext. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";

/**
 * @param file Another file than Pulumi.<stack>.yaml.
 * @throws Error when one of them cannot be read.
 */
export function configDigest(projectDir: string, stack: string, file = path.join(projectDir, `Pulumi.${stack}.yaml`)) {
  const hash = createHash("sha256");
  for (const one of [path.join(projectDir, "Pulumi.yaml"), file]) {
    const content = readFileSync(one);
    hash.update(`${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}
