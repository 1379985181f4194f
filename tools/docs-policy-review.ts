/** The generated parts of docs/policy-review.md, made from what the stacks declare and from the guardrails' own lists. */
import { declaredFlows } from "../checks/policy/declared";
import { subjectOf } from "../checks/subject";
import type { StackConfig } from "../config/schema";
import { isTree } from "../config/tree";
import { SYSTEM_NAMESPACES } from "../components/network-policies/calico/cluster-deny";
import { policyContext, ownNamespaces } from "../components/network-policies/context";
import { fromPlan } from "../policy-pack/from-plan";
import { type JudgedResource, kindOf, valueAt } from "../policy-pack/resource";
import { GUARDRAILS } from "../policy-pack/rules";
import { OPERATORS } from "../policy-pack/rules/default-deny";
import { PRIVILEGED_NAMESPACES } from "../policy-pack/rules/no-privileged-containers";
import type { Evaluation } from "./plan/evaluate";
import { judgePlan } from "./plan/guardrails";

/** A stack as the program sees it: what it declares, and what its file says. */
export interface ReviewedStack {
  readonly evaluation: Evaluation;
  readonly config: StackConfig;
}

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", "<br>")).join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

const code = (text: string): string => `\`${text}\``;
const list = (names: readonly string[]): string => (names.length === 0 ? "none" : names.map(code).join(", "));

const nameOf = ({ inputs }: JudgedResource): string => String(valueAt(inputs, "metadata.name"));
function textAt({ inputs }: JudgedResource, path: string): string {
  const value = valueAt(inputs, path);
  return typeof value === "string" ? value : "";
}

/** Kinds that act on the whole cluster, or on nodes. */
const CLUSTER_WIDE =
  /^(Staged)?(GlobalNetworkPolicy|GlobalNetworkSet|ClusterNetworkPolicy|Tier|HostEndpoint|KubeControllersConfiguration)$/;
const NAMESPACED = new Set(["NetworkPolicy", "StagedKubernetesNetworkPolicy", "StagedNetworkPolicy"]);

const kindsOf = (resources: readonly JudgedResource[], wanted: (kind: string) => boolean): JudgedResource[] =>
  resources
    .filter((resource) => wanted(kindOf(resource) ?? ""))
    .sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));

/** One row a namespace of ours. */
function coverageRows({ evaluation, config }: ReviewedStack): string[][] {
  const resources = fromPlan(evaluation.resources);
  const open = judgePlan(evaluation).filter(({ rule }) => rule === "default-deny");
  const pairs = declaredFlows(subjectOf(evaluation.stack, config));
  return ownNamespaces(policyContext(config)).map((namespace) => {
    const found = open.find(({ problem }) => problem.startsWith(`${namespace} `));
    const policies = kindsOf(resources, (kind) => NAMESPACED.has(kind)).filter(
      (policy) => textAt(policy, "metadata.namespace") === namespace,
    );
    const staged = policies.filter((policy) => (kindOf(policy) ?? "").startsWith("Staged"));
    const here = pairs.filter(({ to }) => to.namespace === namespace);
    const opened = here.filter(({ allowed }) => allowed).length;
    return [
      code(evaluation.stack),
      code(namespace),
      found === undefined ? "acts, both directions, every pod" : found.problem,
      `${policies.length}${staged.length === 0 ? "" : `, ${staged.length} of them staged`}`,
      String(opened),
      String(here.length - opened),
    ];
  });
}

/** Default deny, how many policies, and how many ways between our own pods are open and shut. */
export const renderCoverage = (stacks: readonly ReviewedStack[]): string =>
  table(
    ["Stack", "Namespace", "Default deny", "Policies", "Ways between our pods: open", "shut"],
    stacks.flatMap(coverageRows),
  );

function selected(policy: JudgedResource): string {
  const labels = valueAt(policy.inputs, "spec.podSelector.matchLabels");
  if (!isTree(labels)) return "every pod";
  return Object.entries(labels)
    .map(([label, value]) => code(`${label.replace("app.kubernetes.io/", "")}=${String(value)}`))
    .join(", ");
}

/** What the annotation says, one reason a line; a policy that opens nothing has none. */
function reasons(policy: JudgedResource): string {
  const annotations = valueAt(policy.inputs, "metadata.annotations");
  const text = isTree(annotations) ? annotations["seldon-k3s/reasons"] : undefined;
  return typeof text === "string" ? text.trim() : "nothing: it closes both directions";
}

function policyRows({ evaluation }: ReviewedStack): string[][] {
  return kindsOf(fromPlan(evaluation.resources), (kind) => NAMESPACED.has(kind)).map((policy) => [
    code(`${textAt(policy, "metadata.namespace")}/${nameOf(policy)}`),
    selected(policy),
    reasons(policy),
  ]);
}

/** Every policy of the first stack with the reason of each way that it opens, and how the others differ. */
export function renderPolicies([first, ...others]: readonly ReviewedStack[]): string {
  if (first === undefined) return "";
  const rows = policyRows(first);
  const said = rows.map(row);
  const differences = others.map((other) => {
    const theirs = policyRows(other).map(row);
    const same = theirs.length === said.length && theirs.every((line, index) => line === said[index]);
    const words = same ? "the same policies, with the same reasons" : "other policies: compare the two plans";
    return `Stack ${code(other.evaluation.stack)} declares ${words}.`;
  });
  return [
    `Stack ${code(first.evaluation.stack)}:`,
    "",
    table(["Policy", "About", "Opens"], rows),
    "",
    ...differences,
  ].join("\n");
}

/** What acts on the whole cluster or on nodes. */
export const renderClusterWide = (stacks: readonly ReviewedStack[]): string =>
  table(
    ["Stack", "Cluster-wide policies, tiers, sets and host endpoints", "Default deny of the whole cluster"],
    stacks.map(({ evaluation, config }) => {
      const found = kindsOf(fromPlan(evaluation.resources), (kind) => CLUSTER_WIDE.test(kind));
      const deny = config.policies.clusterDefaultDeny;
      return [
        code(evaluation.stack),
        list(found.map((object) => `${kindOf(object)} ${nameOf(object)}`)),
        deny === undefined
          ? "not declared: namespaces of others are as their owners keep them"
          : deny.enforce
            ? "acts"
            : "staged",
      ];
    }),
  );

interface Exemption {
  readonly what: string;
  readonly from: string;
  readonly why: string;
  readonly see: string;
}

/** What a stack file takes out of a rule, with the reason that it must give, or what the key means. */
function declaredExemptions({ evaluation, config }: ReviewedStack): Exemption[] {
  const { stack } = evaluation;
  const { policies, drift, seldon, k3s } = config;
  const storageNamed =
    policies.storage.cidrs !== undefined || policies.storage.service !== undefined || policies.storage.sets.length > 0;
  const plan = `npm run plan -- ${stack}`;
  const optional: (Exemption | false)[] = [
    !storageNamed && {
      what: `servers of stack ${stack}`,
      from: "egress to named addresses only",
      why: `${code("policies.storage")} names none: every address outside the cluster on port ${policies.storage.ports.join(", ")}`,
      see: plan,
    },
    policies.takenOver.length > 0 && {
      what: list(policies.takenOver),
      from: "policies that act",
      why: `${code("policies.takenOver")}: nobody shall be cut off unseen`,
      see: `npm run policies -- ${stack}`,
    },
    (policies.clusterDefaultDeny?.exempt.length ?? 0) > 0 && {
      what: list(policies.clusterDefaultDeny?.exempt ?? []),
      from: "the default deny of the whole cluster",
      why: code("policies.clusterDefaultDeny.exempt"),
      see: plan,
    },
    seldon.podSecurity === "privileged" && {
      what: `runtime namespaces of stack ${stack}`,
      from: "Pod Security",
      why: code("seldon.podSecurity: privileged"),
      see: plan,
    },
    (k3s.podSecurityExemptions ?? []).length > 0 && {
      what: list(k3s.podSecurityExemptions ?? []),
      from: "Pod Security's admission",
      why: code("k3s.podSecurityExemptions"),
      see: plan,
    },
  ];
  const accepted = drift.allow.map(({ kind, name, reason }) => ({
    what: `${kind} ${name}`,
    from: "drift",
    why: reason,
    see: `npm run drift -- ${stack}`,
  }));
  return [...optional.filter((one) => one !== false), ...accepted];
}

/** Everything that some rule leaves alone, with its reason and the command that shows it. */
export function renderExemptions(stacks: readonly ReviewedStack[]): string {
  const plan = "npm run plan -- prod";
  const always: Exemption[] = [
    ...Object.entries(PRIVILEGED_NAMESPACES).map(([name, why]) => ({
      what: code(name),
      from: "no privileged pods (`no-privileged-containers`)",
      why,
      see: plan,
    })),
    ...Object.entries(OPERATORS).map(([component, why]) => ({
      what: `the operator of component ${code(component)}`,
      from: "default deny in its namespace (`default-deny`)",
      why,
      see: plan,
    })),
    {
      what: list(SYSTEM_NAMESPACES),
      from: "the default deny of the whole cluster, where one is declared",
      why: "a cluster does not work without them",
      see: plan,
    },
  ];
  const all = [...always, ...stacks.flatMap(declaredExemptions)];
  return table(
    ["Left alone", "By", "Why", "See it"],
    all.map(({ what, from, why, see }) => [what, from, why, code(see)]),
  );
}

/** The guardrails in one line each, with what they find in the stacks. */
export function renderGuardrailSheet(stacks: readonly ReviewedStack[]): string {
  const found = stacks.map(({ evaluation }) => ({ stack: evaluation.stack, findings: judgePlan(evaluation) }));
  return table(
    ["Guardrail", "What must hold", "Severity", ...found.map(({ stack }) => `Violations in ${code(stack)}`)],
    GUARDRAILS.map(({ id, what, enforcement }) => [
      `[${code(id)}](guardrails.md#${id})`,
      what.split(/(?<=\.)\s|[;:]/)[0] ?? what,
      enforcement,
      ...found.map(({ findings }) =>
        String(findings.filter(({ rule, verdict }) => rule === id && verdict !== "unknown").length),
      ),
    ]),
  );
}
