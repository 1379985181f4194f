/**
 * Calico's own NetworkPolicies and GlobalNetworkPolicies (3.31 and 3.32), as Felix reads them. Pure.
 *
 * - `types`: absent means Ingress, unless the policy has egress rules and no ingress rules (then Egress) or both (both).
 * - Rules are asked in order; the first that matches decides: Allow, Deny, or Pass, which goes on with the next tier.
 *   Log decides nothing.
 * - In a namespaced policy a selector means its own namespace, unless the rule has a namespace selector.
 * - A selector selects pods, and addresses through network sets that carry the labels; `all()` of namespaces means
 *   pods of any namespace, `global()` what has none.
 * - What needs more than is known here (services, service accounts, HTTP, source ports) is not decided.
 */
import { NAMESPACE_LABEL } from "../../../components/network-policies/endpoints";
import { parseSelector, type Selector } from "./calico-selector";
import {
  type CompiledPolicy,
  type CompiledRule,
  type Direction,
  inAnyRange,
  inRange,
  isNamedPort,
  knowsLabels,
  namespaceLabels,
} from "./compiled";
import type { CalicoEntity, CalicoPolicy, CalicoRule, End, NetworkSet, Perhaps, Protocol, World } from "./model";
import { all, any, not } from "./model";

type Labels = Readonly<Record<string, string>>;

const NAMESPACE = "projectcalico.org/namespace";
const NAME_OF_NAMESPACE = "projectcalico.org/name";
const NAMES_OF_NAMESPACE = [NAMESPACE_LABEL, NAME_OF_NAMESPACE];
const ORCHESTRATOR = { "projectcalico.org/orchestrator": "k8s" };
const NUMBERS: Readonly<Record<number, string>> = { 6: "TCP", 17: "UDP", 132: "SCTP" };

const tierOf = ({ metadata, spec }: CalicoPolicy, tiers: ReadonlySet<string>): string => {
  if (spec?.tier !== undefined) return spec.tier;
  // Up to 3.31 Felix takes the tier from the name, from 3.32 on from the field, which has a default.
  const prefix = metadata.name.split(".")[0]!;
  return metadata.name.includes(".") && tiers.has(prefix) ? prefix : "default";
};

function typesOf({ types, ingress = [], egress = [] }: NonNullable<CalicoPolicy["spec"]>): readonly string[] {
  if (types !== undefined && types.length > 0) return types;
  if (egress.length === 0) return ["Ingress"];
  return ingress.length === 0 ? ["Egress"] : ["Ingress", "Egress"];
}

export class CalicoCompiler {
  private readonly tiers: ReadonlySet<string>;
  private readonly sets: readonly NetworkSet[];

  constructor(private readonly world: World) {
    this.tiers = new Set((world.tiers ?? []).map(({ metadata }) => metadata.name));
    this.sets = world.networkSets ?? [];
  }

  /** Undefined for what is about hosts only: untracked and pre-DNAT policies. */
  compile(policy: CalicoPolicy): CompiledPolicy | undefined {
    const { metadata } = policy;
    const spec = policy.spec ?? {};
    if (spec.doNotTrack === true || spec.preDNAT === true) return undefined;
    const namespace = metadata.namespace;
    const kind = namespace === undefined ? "GlobalNetworkPolicy" : "Calico NetworkPolicy";
    const name = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${metadata.name}`;
    const types = typesOf(spec);
    const compiled = (direction: Direction, rules: readonly CalicoRule[]): CompiledRule[] =>
      rules.flatMap((rule, index) => this.rule(rule, `${name} ${direction.toLowerCase()}[${index}]`, namespace));
    const selector = parseSelector(spec.selector ?? "");
    const namespaceSelector = spec.namespaceSelector === undefined ? undefined : parseSelector(spec.namespaceSelector);
    return {
      name,
      tier: tierOf(policy, this.tiers),
      order: spec.order ?? Infinity,
      tieBreak: `${metadata.name}/${namespace ?? ""}/${kind}`,
      selects: (pod) =>
        all([
          namespace === undefined || pod.namespace === namespace,
          selector(this.labelsOf(pod)),
          namespaceSelector === undefined || this.isNamespace(namespaceSelector, pod.namespace),
          // Labels of service accounts are not known here.
          (spec.serviceAccountSelector ?? "") === "" ? true : undefined,
        ]),
      rules: {
        ...(types.includes("Ingress") ? { Ingress: compiled("Ingress", spec.ingress ?? []) } : {}),
        ...(types.includes("Egress") ? { Egress: compiled("Egress", spec.egress ?? []) } : {}),
      },
    };
  }

  private rule(rule: CalicoRule, name: string, namespace: string | undefined): CompiledRule[] {
    const { action, source = {}, destination = {} } = rule;
    if (action === "Log") return [];
    if (action !== "Allow" && action !== "Deny" && action !== "Pass") {
      throw new Error(`${name}: got action ${JSON.stringify(action)}; allowed: Allow, Deny, Log, Pass`);
    }
    const isSource = this.entity(source, namespace);
    const isDestination = this.entity(destination, namespace);
    const undecided = rule.http !== undefined || (source.ports ?? []).length + (source.notPorts ?? []).length > 0;
    return [
      {
        name,
        action,
        joins: (from, to) => all([isSource(from), isDestination(to), undecided ? undefined : true]),
        opens: (to, port, protocol) =>
          all([
            rule.icmp === undefined && isProtocol(rule.protocol, protocol),
            rule.notProtocol === undefined || !isProtocol(rule.notProtocol, protocol),
            (destination.ports ?? []).length === 0 ? true : isAnyPort(destination.ports!, to, port, protocol),
            not(isAnyPort(destination.notPorts ?? [], to, port, protocol)),
          ]),
      },
    ];
  }

  private entity(entity: CalicoEntity, namespace: string | undefined): (end: End) => Perhaps {
    const { nets = [], notNets = [], selector, notSelector, namespaceSelector, services, serviceAccounts } = entity;
    const parsed = selector === undefined ? undefined : parseSelector(selector);
    const negative = notSelector === undefined ? undefined : parseSelector(notSelector);
    const selecting = parsed !== undefined || namespaceSelector !== undefined;
    const within = this.namespaces(namespaceSelector, selecting || negative !== undefined ? namespace : undefined);
    return (end) =>
      all([
        nets.length === 0 ? true : inAnyRange(nets, end),
        not(inAnyRange(notNets, end)),
        selecting ? this.isSelected(end, parsed ?? parseSelector(""), within) : true,
        negative === undefined ? true : not(this.isSelected(end, negative, () => true)),
        services === undefined && serviceAccounts === undefined ? true : undefined,
      ]);
  }

  /** Which namespace, or none, a selected thing may be of. */
  private namespaces(selector: string | undefined, own: string | undefined): (name: string | undefined) => Perhaps {
    if (selector === undefined) return own === undefined ? () => true : (name) => name === own;
    if (/^\s*global\(\)\s*$/.test(selector)) return (name) => name === undefined;
    const parsed = parseSelector(selector);
    return (name) => name !== undefined && this.isNamespace(parsed, name);
  }

  /** A pod by its labels, and any address by the network sets that hold it. */
  private isSelected(end: End, selector: Selector, within: (namespace: string | undefined) => Perhaps): Perhaps {
    const asPod =
      end.kind === "pod" && end.hostNetwork !== true && selector(this.labelsOf(end)) && within(end.namespace);
    const { ip } = end;
    if (asPod === true || ip === undefined) return asPod;
    const inSets = this.sets.map(
      ({ metadata, spec }) =>
        selector(this.labelsOfSet(metadata)) &&
        (spec?.nets ?? []).some((net) => inRange(net, ip)) &&
        within(metadata.namespace),
    );
    return any([asPod, ...inSets]);
  }

  private readonly podLabels = new WeakMap<object, Labels>();

  private labelsOf(pod: { readonly namespace: string; readonly labels: Labels }): Labels {
    const known = this.podLabels.get(pod);
    if (known !== undefined) return known;
    const labels = { ...pod.labels, ...ORCHESTRATOR, [NAMESPACE]: pod.namespace };
    this.podLabels.set(pod, labels);
    return labels;
  }

  private labelsOfSet({ labels = {}, namespace }: NetworkSet["metadata"]): Labels {
    return namespace === undefined ? labels : { ...labels, [NAMESPACE]: namespace };
  }

  private isNamespace(selector: Selector, name: string): Perhaps {
    const { namespaces } = this.world;
    if (!knowsLabels(namespaces, name, selector.asked, NAMES_OF_NAMESPACE)) return undefined;
    return selector({ ...namespaceLabels(namespaces, name), [NAME_OF_NAMESPACE]: name });
  }
}

function isProtocol(wanted: string | number | undefined, asked: Protocol): boolean {
  if (wanted === undefined) return true;
  const name = typeof wanted === "number" || /^\d+$/.test(wanted) ? NUMBERS[Number(wanted)] : wanted.toUpperCase();
  return name === asked;
}

const isAnyPort = (ports: readonly (number | string)[], to: End, port: number, protocol: Protocol): Perhaps =>
  any(ports.map((one) => isPort(one, to, port, protocol)));

function isPort(wanted: number | string, to: End, port: number, protocol: Protocol): Perhaps {
  const [, first, last] = /^(\d+)(?::(\d+))?$/.exec(String(wanted)) ?? [];
  if (first === undefined) return isNamedPort(String(wanted), to, port, protocol);
  return port >= Number(first) && port <= Number(last ?? first);
}
