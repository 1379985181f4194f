/** The Kubernetes objects that a plan declares, as the API server would get them. */
import type { RecordedResource } from "../../inprocess/engine";
import { revealSecrets } from "../../inprocess/secrets";
import type { KubernetesObject } from "../../sandbox/api/objects";

/** Objects of a plan, without Helm releases: their objects are the charts'. */
export const renderedObjects = (resources: readonly RecordedResource[]): KubernetesObject[] =>
  resources
    .filter(({ type }) => /^kubernetes:[^:]+\/v\w+:/.test(type) && !type.startsWith("kubernetes:helm.sh/"))
    .map(({ inputs }) => revealSecrets(inputs) as KubernetesObject);
