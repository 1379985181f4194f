/** The pods that the declared Servers must run, found or missing. */
import type { Pod } from "../cluster/objects";
import type { CheckContext } from "../context";
import { isProbe } from "../probe-pods/names";
import { SkipError } from "../verdict";

export interface ServerPod {
  readonly namespace: string;
  readonly name: string;
  /** Absent where the declared pod does not exist. */
  readonly pod?: Pod;
}

/** Label that the operator gives to every server pod (Seldon Core 2.10.2). Probe pods wear it too and are none. */
export const isServerPod = (pod: Pod): boolean =>
  pod.metadata.labels?.["app.kubernetes.io/name"] === "seldon-server" && !isProbe(pod);

/**
 * Every declared replica by its name (a Server is a StatefulSet), and every further pod that wears the label.
 * @throws SkipError when no replica is declared and none exists; LookError.
 */
export async function serverPods(context: CheckContext, signal: AbortSignal): Promise<ServerPod[]> {
  const { namespaces, servers } = context.subject;
  const found = await Promise.all(
    namespaces.map(async (namespace) => {
      const declared = servers
        .filter((server) => server.namespace === namespace)
        .flatMap(({ name, replicas }) => Array.from({ length: replicas }, (_, i) => `${name}-${i}`));
      const pods = new Map((await context.snapshot.pods(namespace, signal)).map((pod) => [pod.metadata.name, pod]));
      const others = [...pods.values()].filter(isServerPod).map(({ metadata }) => metadata.name);
      return [...new Set([...declared, ...others])].map((name) => ({ namespace, name, pod: pods.get(name) }));
    }),
  );
  const all = found.flat();
  if (all.length === 0) throw new SkipError("the stack declares no server replicas, and none run");
  return all;
}
