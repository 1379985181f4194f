/**
 * Objects that nobody declared, of the kinds that decide about the stack's own pods and models. Pulumi sees only what it
 * made, so a policy that opens everything is invisible to it.
 */
import type { Check, Expectation } from "../../check";
import { groupPath } from "../../cluster/paths";
import type { KubeObject } from "../../cluster/objects";
import type { CheckContext } from "../../context";
import { CLUSTER_IDENTITY } from "../../criteria/cluster-identity";
import { LookError } from "../../verdict";
import { type ObjectDifference, whole } from "./findings";
import { ownedFields } from "./managed-fields";
import { namespacesOf } from "../../subject";
import type { ObjectDrift } from "./objects";
import type { Tree } from "../../../config/tree";

interface UndeclaredRow {
  readonly apiVersion: string;
  readonly kind: string;
  /** What the report calls them. */
  readonly title: string;
  /** In our namespaces, or in the whole cluster. */
  readonly scope: "namespaces" | "cluster";
  /** Whether the stack cannot be without the kind: then an absent one means a half-installed cluster. */
  readonly needed: (context: CheckContext) => boolean;
  /** Objects that follow from a declaration although no plan names them. */
  readonly follows?: (object: Found, context: CheckContext) => boolean;
  readonly why: string;
}

type Found = KubeObject<{ readonly cidr?: string }>;

const SELDON = "mlops.seldon.io/v1alpha1";
const CALICO = "crd.projectcalico.org/v1";
const always = (): boolean => true;
const never = (): boolean => false;
const withCalico = ({ subject }: CheckContext): boolean => subject.calico !== undefined;

const ROWS: readonly UndeclaredRow[] = [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    title: "NetworkPolicies",
    scope: "namespaces",
    needed: always,
    why: "policies add up: one more may open what the flow table closes",
  },
  {
    apiVersion: CALICO,
    kind: "NetworkPolicy",
    title: "Calico's NetworkPolicies",
    scope: "namespaces",
    needed: never,
    why: "Calico's own kind comes before Kubernetes' where its order says so",
  },
  {
    apiVersion: CALICO,
    kind: "GlobalNetworkPolicy",
    title: "GlobalNetworkPolicies",
    scope: "cluster",
    needed: withCalico,
    // From 3.32 on the operator guards Calico's own components by policies of its tier, and makes them again.
    follows: ({ metadata }) => metadata.name.startsWith("calico-system."),
    why: "it decides about pods of every namespace, and about hosts",
  },
  {
    apiVersion: CALICO,
    kind: "IPPool",
    title: "IPPools",
    scope: "cluster",
    needed: withCalico,
    // The operator makes them from the Installation; they are known by their range.
    follows: ({ spec }, { subject }) => subject.calico?.pools.includes(spec?.cidr ?? "") === true,
    why: "pods get addresses from it, which kube-proxy and policies may take for the world outside",
  },
  {
    apiVersion: SELDON,
    kind: "Server",
    title: "Servers",
    scope: "namespaces",
    needed: always,
    why: "models may be placed on it, and it takes memory",
  },
  {
    apiVersion: SELDON,
    kind: "Model",
    title: "Models",
    scope: "namespaces",
    needed: always,
    why: "it takes memory of the declared servers",
  },
];

export function undeclaredObjects(run: ObjectDrift): Check {
  const namespaces = namespacesOf(run.context.subject);
  return {
    id: "undeclared-objects",
    title: "Nobody made objects beside the stack",
    proves: "no policy, address pool, server or model stands beside the declared ones",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: 30_000,
    expectations: () =>
      ROWS.flatMap((row) =>
        row.scope === "cluster"
          ? [expectation(row, undefined, run)]
          : namespaces.map((one) => expectation(row, one, run)),
      ),
  };
}

function expectation(row: UndeclaredRow, namespace: string | undefined, run: ObjectDrift): Expectation {
  const { context, ledger } = run;
  const { apiVersion, kind, title } = row;
  const group = apiVersion.split("/")[0]!;
  const where = namespace === undefined ? [] : ["-n", namespace];
  const resource = `${kind.toLowerCase()}.${group}`;
  return {
    target: `${title}${namespace === undefined ? "" : ` in ${namespace}`}`,
    expected: "declared ones only",
    repeat: context.kubectl(...where, "get", resource),
    probe: async (signal) => {
      const found = await listed(row, namespace, run, signal);
      const names = await run.declaredNames(kind, namespace, signal);
      const undeclared = found.filter(
        (object) => !names.has(object.metadata.name) && row.follows?.(object, context) !== true,
      );
      const all = undeclared.map(({ metadata }) => metadata.name).join(" ");
      const away = context.kubectl(...where, "delete", resource, all);
      return ledger.judge(
        undeclared.map((object) => differenceOf(row, namespace, object)),
        {
          clean: found.length === 0 ? "none" : `${found.length}, all declared`,
          mends: {
            undeclared: `find out whose it is (${row.why}), then declare it, name it under drift.allow with its reason, or ${away}`,
          },
        },
      );
    },
  };
}

/** @throws LookError where the kind is absent and the stack cannot be without it. */
async function listed(
  { apiVersion, kind, needed }: UndeclaredRow,
  namespace: string | undefined,
  { context, kinds }: ObjectDrift,
  signal: AbortSignal,
): Promise<Found[]> {
  const served = needed(context)
    ? await kinds.get(apiVersion, kind, signal)
    : await kinds.find(apiVersion, kind, signal);
  if (served === undefined) return [];
  if (served.namespaced !== (namespace !== undefined)) {
    throw new LookError(`the API server serves ${kind} of ${apiVersion} with another scope than expected`, {
      fix: "compare the CRD with the declared release's",
    });
  }
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return context.api.list<Found>(`${groupPath(apiVersion)}${scope}/${served.plural}`, signal);
}

function differenceOf({ kind }: UndeclaredRow, namespace: string | undefined, object: Found): ObjectDifference {
  const { name, creationTimestamp } = object.metadata;
  const maker = ownedFields(object as unknown as Tree)[0]?.manager;
  const by = [...(maker === undefined ? [] : [maker]), ...(creationTimestamp === undefined ? [] : [creationTimestamp])];
  return whole({ kind, name, namespace }, "undeclared", by.length === 0 ? undefined : by.join(", "));
}
