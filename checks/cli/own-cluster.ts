/** What commands ask before they look any further, or start pods. */
import type { CheckContext } from "../context";
import { clusterIdentity } from "../criteria/cluster-identity";
import { runChecks } from "../engine";
import { LookError } from "../verdict";

/** That the kubeconfig leads to the stack's own cluster. @throws LookError where it is another, or nobody knows. */
export async function proveIdentity(context: CheckContext, signal: AbortSignal): Promise<void> {
  const run = await runChecks([clusterIdentity(context)], { signal });
  for (const { verdict, actual, fix } of run.results.flatMap(({ findings }) => findings)) {
    if (verdict !== "PASS") throw new LookError(actual, { fix: fix ?? "run it again" });
  }
}
