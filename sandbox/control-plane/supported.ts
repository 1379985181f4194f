/** Whether an API server may stand in for K3s' own: KUBEBUILDER_ASSETS can hold any version. */
import { K3S_MINORS } from "../../config/compatibility";
import { KUBERNETES_MINOR } from "../build/tool-table";
import { SandboxError } from "../failure";

export interface Versions {
  /** What the API server says, such as v1.33.13. */
  readonly apiServer: string;
  /** Whether the controllers were built here, and not taken from the same folder as the API server. */
  readonly builtControllers: boolean;
}

/** @throws SandboxError when the version is outside the compatibility table, or older than the controllers. */
export function refuseUnsupported({ apiServer, builtControllers }: Versions): void {
  const minor = Number(/^v1\.(\d+)\./.exec(apiServer)?.[1] ?? NaN);
  const [oldest, newest] = K3S_MINORS;
  const least = builtControllers ? Math.max(oldest, KUBERNETES_MINOR) : oldest;
  if (minor >= least && minor <= newest) return;
  throw new SandboxError(
    `KUBEBUILDER_ASSETS holds a kube-apiserver ${apiServer}; allowed are Kubernetes 1.${least} to 1.${newest}` +
      `${builtControllers ? ` (the controllers are of 1.${KUBERNETES_MINOR} and must not be newer)` : ""}; ` +
      "unset it, and the sandbox builds its own",
  );
}
