/** Seldon's resource types are there: without them nothing about Models or Servers can be asked. */
import type { Check } from "../check";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { LookError, pass } from "../verdict";
import { CLUSTER_IDENTITY } from "./cluster-identity";

export const SELDON_CRDS = "seldon-crds";

const NEEDED = ["models", "servers", "seldonruntimes"] as const;

/** ERROR where types are absent: then the other checks could not look, which is not the same as "not ready". */
export function seldonCrds(context: CheckContext): Check {
  return {
    id: SELDON_CRDS,
    title: "Seldon's resource types exist",
    proves: `the API server serves ${NEEDED.join(", ")} of mlops.seldon.io/v1alpha1`,
    needs: [CLUSTER_IDENTITY],
    expectations: () => [
      {
        target: "mlops.seldon.io/v1alpha1",
        expected: NEEDED.join(", "),
        repeat: context.kubectl("api-resources --api-group mlops.seldon.io"),
        probe: async (signal) => {
          const group = await context.api
            .find<{ resources?: readonly { name: string }[] }>(PATHS.seldonGroup, signal)
            .catch((error: unknown) => {
              if (error instanceof LookError && /CRD is absent/.test(error.message)) return { resources: [] };
              throw error;
            });
          const served = new Set((group?.resources ?? []).map(({ name }) => name));
          const absent = NEEDED.filter((name) => !served.has(name));
          if (absent.length === 0) return pass(NEEDED.join(", "));
          throw new LookError(`Seldon is half-installed: the CRDs of ${absent.join(", ")} are absent`, {
            fix: `pulumi up -s ${context.subject.stack} (release seldon-core-v2-crds)`,
          });
        },
      },
    ],
  };
}
