/** Stack files for commands that read one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NS, OPERATOR_NS, UID } from "./diagnosis-objects";

/** A stack without machines: what stands there is the cluster's matter only. */
export const stackText = (uid: string, endpoint: string, rest: string): string => `config:
  seldon-k3s:cluster:
    name: test
    kubeconfigFile: /nowhere/of-the-stack.yaml
    uid: ${uid}
    endpoint: ${endpoint}
  seldon-k3s:network:
    nodeCidrs: [192.0.2.0/24]
${rest}`;

export interface StackFile {
  readonly path: string;
  remove(): void;
}

/** The stack of a diagnosis' world, with the world's namespaces and UID. */
export function worldStackFile(): StackFile {
  const folder = mkdtempSync(join(tmpdir(), "diagnosis-stack-"));
  const path = join(folder, "Pulumi.test.yaml");
  const seldon = `  seldon-k3s:seldon:
    namespace: ${OPERATOR_NS}
    tenants: [{ namespace: ${NS} }]
`;
  writeFileSync(path, stackText(UID, "https://192.0.2.11:6443", seldon));
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}
