/** A control plane for one test file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTools, type ToolPaths } from "../../../sandbox/build-tools";
import { startControlPlane, type ControlPlane } from "../../../sandbox/control-plane";
import type { ClusterNetwork } from "../../../sandbox/control-plane/launches";
import { Progress } from "../../../sandbox/progress";
import { RunFolder } from "../../../sandbox/run-folder";

export const NETWORK: ClusterNetwork & { readonly clusterDns: string } = {
  clusterCidr: "10.42.0.0/16",
  serviceCidr: "10.43.0.0/16",
  nodeCidrMaskSize: 24,
  clusterDns: "10.43.0.10",
};

export interface TestControlPlane extends ControlPlane {
  readonly run: RunFolder;
  readonly tools: ToolPaths;
  readonly stop: () => Promise<void>;
}

/** @param apiServerFlags further flags of the API server. */
export async function startTestControlPlane(
  apiServerFlags: Readonly<Record<string, string>> = {},
): Promise<TestControlPlane> {
  const progress = new Progress(() => undefined);
  const wanted = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] as const;
  const tools = await buildTools({ wanted, progress });
  const parent = mkdtempSync(join(tmpdir(), "sandbox-test-"));
  const run = new RunFolder(parent);
  const controlPlane = await startControlPlane({ run, tools, network: NETWORK, apiServerFlags });
  const stop = async () => {
    controlPlane.client.close();
    await controlPlane.supervisor.stop();
    rmSync(parent, { recursive: true, force: true });
  };
  return { ...controlPlane, run, tools, stop };
}
