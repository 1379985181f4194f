/** Waits for the workloads of a release, as `helm install --wait` does. */
import type { ApiClient } from "../api/client";
import { describe, fields, type KubernetesObject } from "../api/objects";

const POLL_MS = 300;

/** Desired and ready pods of each workload kind. */
const COUNTS: Readonly<Record<string, (object: KubernetesObject) => readonly [desired: unknown, ready: unknown]>> = {
  Deployment: ({ spec, status }) => [spec?.["replicas"], status?.["availableReplicas"]],
  StatefulSet: ({ spec, status }) => [spec?.["replicas"], status?.["readyReplicas"]],
  DaemonSet: ({ status }) => [status?.["desiredNumberScheduled"], status?.["numberReady"]],
};

/** Why a workload is not rolled out; undefined when it is. */
function lacking(object: KubernetesObject | undefined): string | undefined {
  if (!object) return "does not exist";
  if (fields(object.status)["observedGeneration"] !== object.metadata.generation) return "has not been looked at yet";
  const [desired = 1, ready = 0] = COUNTS[object.kind]?.(object) ?? [0, 0];
  return Number(ready) >= Number(desired) ? undefined : `has ${String(ready)} of ${String(desired)} pods ready`;
}

export interface RolloutOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** @throws Error naming what is not ready when the time is up; the signal's reason when it is aborted. */
export async function untilRolledOut(objects: readonly KubernetesObject[], options: RolloutOptions): Promise<void> {
  const { client, namespace, timeoutSeconds, signal } = options;
  const workloads = objects
    .filter(({ kind, apiVersion }) => apiVersion === "apps/v1" && COUNTS[kind])
    .map((object) => ({ ...object, metadata: { namespace, ...object.metadata } }));
  for (let waited = 0; ; waited += POLL_MS) {
    signal.throwIfAborted();
    const states = await Promise.all(
      workloads.map(async (object) => {
        const reason = lacking(await client.find(object));
        return reason && `${describe(object)} ${reason}`;
      }),
    );
    const missing = states.filter((state) => state !== undefined);
    if (missing.length === 0) return;
    if (waited >= timeoutSeconds * 1000) throw new Error(`not ready after ${timeoutSeconds} s: ${missing.join("; ")}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
