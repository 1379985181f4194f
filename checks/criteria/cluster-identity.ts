/** The first check of everything: the right cluster answers, and lets us in. */
import type { Check } from "../check";
import type { KubeObject } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { LookError, pass } from "../verdict";

export const CLUSTER_IDENTITY = "cluster-identity";

interface Version {
  readonly gitVersion?: string;
}

/**
 * What another cluster means. For whoever is about to write it is no-go; for whoever only looks, the own cluster was not
 * looked at.
 */
export type OtherCluster = "no-go" | "could not look";

/**
 * PASS: kube-system has the configured UID. FAIL or ERROR, for good: it is another cluster, and nothing may be written to
 * it. ERROR: the kubeconfig, the way to the server or the credentials do not work, so nobody knows.
 */
export function clusterIdentity(context: CheckContext, other: OtherCluster = "no-go"): Check {
  const { subject } = context;
  return {
    id: CLUSTER_IDENTITY,
    title: "The kubeconfig leads to the stack's own cluster",
    proves: "the API server answers with our credentials and is the cluster whose UID the stack names",
    expectations: () => [
      {
        target: "namespace kube-system",
        expected: subject.uid === undefined ? "a UID, to be put into the stack file" : `UID ${subject.uid}`,
        repeat: context.kubectl("get namespace kube-system -o jsonpath={.metadata.uid}"),
        probe: async (signal) => {
          const { api } = context;
          const found = await api.find<KubeObject>(PATHS.systemNamespace, signal);
          const uid = found?.metadata.uid;
          if (uid === undefined) {
            throw new LookError(`${api.server} has no namespace kube-system, so it has no identity to compare`, {
              fix: "check the server of the kubeconfig",
            });
          }
          const version = await api.find<Version>(PATHS.version, signal);
          const kubernetes = `Kubernetes ${version?.gitVersion ?? "of unknown version"}`;
          const evidence = [`API server ${api.server}, ${kubernetes}`];
          if (subject.uid === undefined) {
            return pass(`UID ${uid}, ${kubernetes}`, {
              evidence,
              note: `The stack does not name its cluster yet: pulumi config set --path cluster.uid ${uid} -s ${subject.stack}`,
            });
          }
          if (uid.toLowerCase() === subject.uid.toLowerCase()) return pass(`that UID, ${kubernetes}`, { evidence });
          return {
            verdict: other === "no-go" ? "FAIL" : "ERROR",
            actual: `UID ${uid}: this is another cluster`,
            evidence: [...evidence, `kubeconfig ${context.kubeconfigPath}`],
            fix: `use the kubeconfig of stack ${subject.stack}'s cluster; only if the cluster was made anew: pulumi config set --path cluster.uid ${uid} -s ${subject.stack}`,
            final: true,
          };
        },
      },
    ],
  };
}
