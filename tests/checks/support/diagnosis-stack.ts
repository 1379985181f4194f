/** The stack file of a world, for commands that read one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NS, OPERATOR_NS, UID } from "./diagnosis-objects";

export interface StackFile {
  readonly path: string;
  remove(): void;
}

/** A stack without machines whose namespaces and UID are the world's. */
export function worldStackFile(): StackFile {
  const folder = mkdtempSync(join(tmpdir(), "diagnosis-stack-"));
  const path = join(folder, "Pulumi.test.yaml");
  const text = `config:
  seldon-k3s:cluster:
    name: test
    kubeconfigFile: /nowhere/of-the-stack.yaml
    uid: ${UID}
    endpoint: https://192.0.2.11:6443
  seldon-k3s:network:
    nodeCidrs: [192.0.2.0/24]
  seldon-k3s:seldon:
    namespace: ${OPERATOR_NS}
    tenants: [{ namespace: ${NS} }]
`;
  writeFileSync(path, text);
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}
