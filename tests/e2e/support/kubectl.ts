/** kubectl of the sandbox's Kubernetes, built like the rest of it: a machine's own one may be any version, or none. */
import { dirname, resolve } from "node:path";
import { toolCache } from "../../../sandbox/build-tools";
import { provideTools } from "../../../sandbox/build/tool-cache";
import { KUBERNETES_VARIABLES, KUBERNETES_VERSION, type Tool } from "../../../sandbox/build/tool-table";
import { Progress } from "../../../sandbox/progress";

/** The lab's module has what kubectl needs. */
const KUBECTL: Tool<"kubectl"> = {
  name: "kubernetes",
  version: KUBERNETES_VERSION,
  binaries: { kubectl: "k8s.io/kubernetes/cmd/kubectl" },
  variables: KUBERNETES_VARIABLES,
};

/** The folder that holds it. @throws SandboxError where it cannot be built. */
export async function kubectlFolder(): Promise<string> {
  const { kubectl } = await provideTools({
    tools: [KUBECTL],
    wanted: ["kubectl"],
    sources: resolve(__dirname, "../../lab/tools"),
    cache: toolCache(),
    progress: new Progress(() => undefined),
    env: process.env,
  });
  return dirname(kubectl?.path ?? "");
}
