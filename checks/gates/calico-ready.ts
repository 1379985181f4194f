/**
 * Calico is complete: the operator says so for the generation that is declared, and the address pools exist.
 *
 * The operator keeps one TigeraStatus a controller. Both supported lines (operator 1.40.15 and 1.42.3) have `calico`,
 * `ippools` and, where an APIServer is declared, `apiserver`. A status may still tell of the generation before the
 * last change, so the observed generation of its condition is compared too. An upgrade changes no generation: only the
 * operator is another one. So its word about the version that runs (`Installation.status.calicoVersion`) is compared as well.
 */
import type { Check } from "../check";
import { workloadEvidence } from "../cluster/pod-evidence";
import { type Conditioned, conditionOf, type KubeObject, showCondition } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { fail, type Outcome, pass, SkipError } from "../verdict";

interface StatusRow {
  readonly name: string;
  /** The declared object whose generation the status must have seen. */
  readonly owner: string;
  /** Workload in calico-system to look at when it is not available. */
  readonly workload?: string;
}

const STATUSES: readonly StatusRow[] = [
  { name: "ippools", owner: PATHS.installation },
  { name: "calico", owner: PATHS.installation, workload: "calico-node" },
  { name: "apiserver", owner: PATHS.calicoApiServer, workload: "calico-apiserver" },
];

const DESCRIBE = "describe tigerastatus";

export const calicoReady = (context: CheckContext): Check[] => [
  calicoVersion(context),
  calicoStatus(context),
  calicoPools(context),
];

type Installation = KubeObject & { readonly status?: { readonly calicoVersion?: string } };

function calicoVersion(context: CheckContext): Check {
  return {
    id: "calico-version",
    title: "The operator has brought the declared version",
    proves: "what is Available is the version that the stack declares, not the one before",
    needs: [CLUSTER_IDENTITY],
    expectations: () => {
      const wanted = context.subject.calico?.version;
      if (wanted === undefined) throw new SkipError("the stack declares no Calico");
      return [
        {
          target: "Installation default",
          expected: `status.calicoVersion v${wanted}`,
          repeat: context.kubectl("get installation default -o jsonpath={.status.calicoVersion}"),
          probe: async (signal) => {
            const installation = await context.api.find<Installation>(PATHS.installation, signal);
            const version = installation?.status?.calicoVersion;
            // An operator that has not finished once says nothing; then no TigeraStatus is Available either.
            if (version === undefined || version === "") return pass("the operator names no version yet");
            if (version === `v${wanted}`) return pass(version);
            return fail(`${version}: the operator of ${wanted} has not finished`, {
              evidence: await workloadEvidence(context, "tigera-operator", "tigera-operator", signal),
              fix: context.kubectl("-n tigera-operator logs deployment/tigera-operator --tail 50"),
            });
          },
        },
      ];
    },
  };
}

function calicoStatus(context: CheckContext): Check {
  const { calico } = context.subject;
  return {
    id: "calico-status",
    title: "The Tigera operator reports Calico available",
    proves: "every part of Calico that is declared runs on every node, as of the last change",
    needs: [CLUSTER_IDENTITY],
    expectations: () => {
      if (calico === undefined) throw new SkipError("the stack declares no Calico");
      return STATUSES.filter(({ name }) => name !== "apiserver" || calico.apiServer).map((row) => ({
        target: `TigeraStatus ${row.name}`,
        expected: "Available=True and not Degraded, for the declared generation",
        repeat: context.kubectl("get tigerastatus", row.name, "-o yaml"),
        probe: (signal) => probeStatus(row, context, signal),
      }));
    },
  };
}

async function probeStatus(row: StatusRow, context: CheckContext, signal: AbortSignal): Promise<Outcome> {
  const { api } = context;
  const fix = context.kubectl(DESCRIBE, row.name);
  const status = await api.find<Conditioned>(PATHS.tigeraStatus(row.name), signal);
  if (status === undefined) {
    return fail("there is no such TigeraStatus yet", {
      evidence: await workloadEvidence(context, "tigera-operator", "tigera-operator", signal),
      fix: context.kubectl("-n tigera-operator logs deployment/tigera-operator --tail 50"),
    });
  }
  const available = conditionOf(status, "Available");
  const degraded = conditionOf(status, "Degraded");
  const evidence = async (): Promise<string[]> => [
    ...["Available", "Progressing", "Degraded"].map((type) => showCondition(type, conditionOf(status, type))),
    ...(row.workload === undefined ? [] : await workloadEvidence(context, "calico-system", row.workload, signal)),
  ];
  if (degraded?.status === "True")
    return fail(showCondition("Degraded", degraded), { evidence: await evidence(), fix });
  if (available?.status !== "True") {
    return fail(showCondition("Available", available), { evidence: await evidence(), fix });
  }
  const owner = await api.find<KubeObject>(row.owner, signal);
  const declared = owner?.metadata.generation;
  const seen = available.observedGeneration;
  if (declared !== undefined && seen !== undefined && seen < declared) {
    return fail(`Available=True, but of generation ${seen}; ${declared} is declared`, {
      evidence: await evidence(),
      fix,
    });
  }
  return pass("Available=True");
}

function calicoPools(context: CheckContext): Check {
  return {
    id: "calico-pools",
    title: "The declared address pools exist",
    proves: "pods get their addresses from the ranges that the stack declares",
    needs: ["calico-status"],
    expectations: () =>
      (context.subject.calico?.pools ?? []).map((cidr) => ({
        target: `IPPool ${cidr}`,
        expected: `an IPPool with the range ${cidr}`,
        repeat: context.kubectl(
          "get ippools.crd.projectcalico.org -o custom-columns=NAME:.metadata.name,CIDR:.spec.cidr",
        ),
        probe: async (signal) => {
          const pools = await context.api.list<KubeObject<{ cidr?: string }>>(PATHS.ipPools, signal);
          const found = pools.find(({ spec }) => spec?.cidr === cidr);
          if (found !== undefined) return pass(`IPPool ${found.metadata.name}`);
          const ranges = pools.map(({ spec }) => spec?.cidr ?? "?").sort();
          return fail(`no such pool among: ${ranges.join(", ") || "none"}`, {
            fix: context.kubectl(DESCRIBE, "ippools"),
          });
        },
      })),
  };
}
