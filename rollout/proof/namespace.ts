/**
 * The namespace that a node's proof works in. One a node, because agents of a batch are proven at the same time and each
 * run takes away what it made. What an earlier run left there, killed before it could clean up, goes first.
 */
import { createHash } from "node:crypto";
import type { KubeObject, Pod } from "../../checks/cluster/objects";
import type { Cluster } from "../../checks/cluster/cluster";
import { PATHS } from "../../checks/cluster/paths";
import { afterMs, done, until, waiting, type WaitOptions } from "../../checks/cluster/wait";
import { namespaceManifest } from "./manifests";
import { PROBE_PREFIX } from "../../checks/probe-pods/proof-names";

/** How long the end of the probe pods usually takes, in milliseconds; nobody wants to read of that. */
const USUAL_MS = 10_000;
const LABEL_LENGTH = 63;

/** The namespace of a node. A node's name may be longer than a namespace's and may hold dots: then a digest tells two apart. */
export function probeNamespace(node: string): string {
  const plain = `${PROBE_PREFIX}-${node}`;
  if (!node.includes(".") && plain.length <= LABEL_LENGTH) return plain;
  const digest = createHash("sha256").update(node).digest("hex").slice(0, 8);
  const head = plain.replaceAll(".", "-").slice(0, LABEL_LENGTH - digest.length - 1);
  return `${head.replace(/-+$/, "")}-${digest}`;
}

type Namespace = KubeObject<unknown, { readonly phase?: string }>;

/** An empty namespace in which pods can be created. @throws ToolError | Refusal | LookError */
export async function openNamespace(cluster: Cluster, name: string, wait: WaitOptions): Promise<void> {
  await until(
    `namespace ${name} exists`,
    async () => {
      const found = await cluster.find<Namespace>(PATHS.namespace(name));
      if (found?.status?.phase === "Terminating" || found?.metadata.deletionTimestamp !== undefined) {
        return waiting("an earlier run's is still being deleted");
      }
      if (found !== undefined) return done(undefined);
      await cluster.create(PATHS.namespaces, namespaceManifest(name));
      return waiting("just created");
    },
    { ...wait, say: quiet(wait.say, "just created") },
  );
  await removePods(cluster, name, wait);
  await until(
    `service account default exists in ${name}`,
    async () => {
      const path = `${PATHS.namespace(name)}/serviceaccounts/default`;
      return (await cluster.find<KubeObject>(path)) === undefined ? waiting("not yet") : done(undefined);
    },
    { ...wait, say: quiet(wait.say, "not yet") },
  );
}

/** Nobody wants to read of a wait that every run has and that takes a moment. */
const quiet =
  (say: (text: string) => void, usual: string) =>
  (text: string): void => {
    if (!text.endsWith(usual)) say(text);
  };

/** Deletes all pods of the namespace and waits until they are gone: a dead one may still hold the host port. */
async function removePods(cluster: Cluster, namespace: string, wait: WaitOptions): Promise<void> {
  await until(
    `no probe pod is left in ${namespace}`,
    async () => {
      const pods = await cluster.list<Pod>(PATHS.pods(namespace));
      if (pods.length === 0) return done(undefined);
      await Promise.all(
        pods.map(({ metadata }) =>
          cluster.remove(PATHS.pod(namespace, metadata.name), { uid: metadata.uid, graceSeconds: 1 }),
        ),
      );
      return waiting(pods.map(({ metadata }) => metadata.name).join(", "));
    },
    wait,
  );
}

/**
 * Takes the namespace away. The pods go first: the deletion of a namespace stalls where an aggregated API is dead, and
 * then at least nothing of ours runs any more.
 */
export async function closeNamespace(cluster: Cluster, name: string, wait: WaitOptions): Promise<void> {
  if ((await cluster.find<Namespace>(PATHS.namespace(name))) === undefined) return;
  await removePods(cluster, name, { ...wait, say: afterMs(USUAL_MS, wait.say) });
  await cluster.remove(PATHS.namespace(name));
}
