/** Deletion of an object, to its end. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "../api/client";
import type { KubernetesObject } from "../api/objects";

/** Asks for the deletion and waits until finalizers have done their part. */
export async function untilGone(client: ApiClient, object: KubernetesObject, signal: AbortSignal): Promise<void> {
  await client.remove(object);
  while ((await client.find(object)) !== undefined) {
    signal.throwIfAborted();
    await sleep(500, undefined, { signal });
  }
}
