/** What the policies of a cluster are, and what the stack's will change once they act. */
import type { DeclaredPolicies } from "../../../components/network-policies/declared";
import type { Check, Expectation } from "../../check";
import type { KubeObject } from "../../cluster/objects";
import type { CheckContext } from "../../context";
import { CLUSTER_IDENTITY } from "../../criteria/cluster-identity";
import { fail, type Outcome, pass, SkipError } from "../../verdict";
import { Evaluator } from "../evaluate/evaluate";
import { type Change, changesOf, showChange, unknownWorkloads } from "./cuts";
import { isManaged, ownWorld, type PolicySnapshot, readSnapshot, type Workload } from "./world";

/** Bound of reading a cluster and of comparing all its pods, in milliseconds. */
const LOOK_MS = 120_000;
/** Lines of evidence before the rest is counted. */
const MOST_LINES = 40;
/** Tiers of the operator's own policies (3.31 Enterprise rest, 3.32). */
const OPERATORS = /^(calico-system|allow-tigera)\./;

/** What is declared, with every policy acting, whatever `policies.enforce` says today. */
export interface Enforcing {
  readonly declared: DeclaredPolicies;
  /** Namespaces of ours. */
  readonly namespaces: readonly string[];
}

interface Look {
  readonly snapshot: PolicySnapshot;
  readonly changes: readonly Change[];
}

/** Both checks share one look at the cluster. */
export function existingPolicyChecks(context: CheckContext, { declared, namespaces }: Enforcing): Check[] {
  let looked: Promise<Look> | undefined;
  const look = (signal: AbortSignal): Promise<Look> => {
    looked ??= readSnapshot(context, signal).then((snapshot) => ({
      snapshot,
      changes: changesOf(snapshot, ownWorld(declared, snapshot.world), namespaces),
    }));
    return looked;
  };
  const common = { needs: [CLUSTER_IDENTITY], timeoutMs: LOOK_MS };
  return [
    {
      id: "existing-policies",
      title: "Existing policies leave the flow table as it is",
      proves:
        "no policy that others wrote opens a way to our pods that the flow table closes, or closes one of its rows",
      ...common,
      expectations: async (signal) => {
        const { snapshot, changes } = await look(signal);
        const { policies, calicoPolicies = [] } = snapshot.world;
        const rows = [
          ...policies.map((policy) => ({ kind: "NetworkPolicy", plural: "networkpolicies.networking.k8s.io", policy })),
          ...calicoPolicies.map((policy) =>
            policy.metadata.namespace === undefined
              ? { kind: "GlobalNetworkPolicy", plural: "globalnetworkpolicies.crd.projectcalico.org", policy }
              : { kind: "Calico NetworkPolicy", plural: "networkpolicies.crd.projectcalico.org", policy },
          ),
        ].filter(({ policy }) => !isManaged(policy));
        const staged = snapshot.staged.filter((object) => !isManaged(object));
        if (rows.length + staged.length === 0) {
          throw new SkipError("the cluster has no policies but those of this stack");
        }
        return [
          ...rows.map((row) => existing(row, snapshot, changes, context)),
          ...staged.map((object) => undecided(object, context)),
        ];
      },
    },
    {
      id: "enforcement-cuts",
      title: "Nobody loses a way that is open now",
      proves:
        "with every policy of the stack acting, each connection that is possible now between a pod of ours and any other is still possible",
      ...common,
      expectations: async (signal) => {
        const { snapshot, changes } = await look(signal);
        const ours = snapshot.workloads.filter(({ namespace }) => namespaces.includes(namespace));
        if (ours.length === 0) throw new SkipError(`no pod runs in ${namespaces.join(", ")}`);
        const unknown = new Set(unknownWorkloads(snapshot, namespaces).map(({ name }) => name));
        const names = [...new Set(ours.map(({ name }) => name))];
        return names.map((name) => cut(name, unknown.has(name), changes, context));
      },
    },
  ];
}

interface Row {
  readonly kind: string;
  readonly plural: string;
  readonly policy: KubeObject;
}

function existing(
  { kind, plural, policy }: Row,
  snapshot: PolicySnapshot,
  changes: readonly Change[],
  context: CheckContext,
): Expectation {
  const { name, namespace } = policy.metadata;
  const title = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
  const words = [...(namespace === undefined ? [] : ["-n", namespace]), plural, name];
  return {
    target: title,
    expected: "opens no way to our pods that the flow table closes, and closes no row of it",
    repeat: context.kubectl("get", ...words, "-o yaml"),
    probe: () => {
      // The same name with a word after it is another policy.
      const mine = changes.filter(
        ({ kind, by }) => kind !== "cut" && `${by} `.replaceAll(/[,;]/g, " ").includes(`${title} `),
      );
      const about = `${selected(title, snapshot)}${ownerOf(policy)}`;
      if (mine.length === 0) return Promise.resolve(pass(`${about}; beside the flow table it changes nothing`));
      const lines = mine.map(
        (change) => `${change.kind === "hole" ? "stays open" : "is closed"}: ${showChange(change)}`,
      );
      return Promise.resolve(
        fail(`${about}; ${mine.length} ways are not as the flow table says: ${lines[0]}`, {
          evidence: shortened(lines),
          fix: `declare the callers (policies.clients, policies.monitoringNamespace) and take it away: ${context.kubectl("delete", ...words)}`,
        }),
      );
    },
  };
}

function undecided(object: PolicySnapshot["staged"][number], context: CheckContext): Expectation {
  const { name, namespace } = object.metadata;
  const scope = namespace === undefined ? [] : ["-n", namespace];
  return {
    target: `${object.kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`,
    expected: "known",
    repeat: context.kubectl("get", ...scope, `${object.plural}.crd.projectcalico.org`, name, "-o yaml"),
    probe: () => Promise.resolve(pass("is staged: it decides nothing yet, and was not compared")),
  };
}

const ownerOf = ({ metadata: { name, annotations } }: KubeObject): string => {
  const release = annotations?.["meta.helm.sh/release-name"];
  return OPERATORS.test(name) ? " (Calico's operator's)" : release === undefined ? "" : ` (Helm release ${release})`;
};

/** How many workloads a policy is about. */
function selected(title: string, { workloads, world }: PolicySnapshot): string {
  const of = <T extends KubeObject>(all: readonly T[], kind: (one: T) => string): T[] =>
    all.filter((one) => {
      const { name, namespace } = one.metadata;
      return `${kind(one)} ${namespace === undefined ? "" : `${namespace}/`}${name}` === title;
    });
  const alone = new Evaluator({
    ...world,
    policies: of(world.policies, () => "NetworkPolicy"),
    calicoPolicies: of(world.calicoPolicies ?? [], ({ metadata }) =>
      metadata.namespace === undefined ? "GlobalNetworkPolicy" : "Calico NetworkPolicy",
    ),
  });
  const about = workloads.filter(({ end }) => alone.isAbout(end));
  return about.length === 0 ? "is about no pod" : `is about ${about.length} workloads (${firstOf(about)})`;
}

const firstOf = (workloads: readonly Workload[]): string =>
  [...new Set(workloads.map(({ name }) => name))].slice(0, 3).join(", ") + (workloads.length > 3 ? ", ..." : "");

function cut(name: string, unknown: boolean, changes: readonly Change[], context: CheckContext): Expectation {
  return {
    target: name,
    expected: "reaches, and is reached by, all that is possible now",
    repeat: `npm run policies -- ${context.subject.stack}`,
    probe: () => Promise.resolve(judge(name, unknown, changes)),
  };
}

function judge(name: string, unknown: boolean, changes: readonly Change[]): Outcome {
  const lost = changes.filter(({ kind, about }) => kind === "cut" && about === name);
  if (lost.length === 0) return pass("loses nothing");
  const into = lost.filter(({ to }) => to === name);
  const callers = new Set(into.map(({ from }) => from)).size;
  const others = new Set(lost.filter(({ from }) => from === name).map(({ to }) => to)).size;
  const words = [
    ...(unknown ? ["the flow table does not know it: nothing but names is left to it"] : []),
    `${callers} others can reach it now and not then, it can reach ${others} others now and not then`,
  ];
  return fail(words.join("; "), {
    evidence: shortened(lost.map(showChange)),
    fix: unknown
      ? "move it to a namespace of its own, or accept that it is cut off"
      : "read the lines: name who must keep its way (policies.clients, policies.monitoringNamespace, policies.storage), and set policies.enforce when only those are left that shall lose it",
  });
}

const shortened = (lines: readonly string[]): string[] =>
  lines.length <= MOST_LINES ? [...lines] : [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more`];
