/**
 * Whether policies let a connection through, and which rule decides. Pure; no code that makes policies is used.
 *
 * A connection needs both ends: what leaves its source, and what reaches its target. At each end the tiers are asked in
 * order; a tier in which no policy is about the pod is passed over, one in which no rule decides ends by its default.
 * Kubernetes' own policies are in the tier `default`, which denies what none of them opens; a pod that no policy is
 * about is open. Never in the way: a pod to itself, and a pod's own node to the pod (kubelet and its probes).
 */
import { CalicoCompiler } from "./calico";
import type { CompiledPolicy, CompiledRule, Direction } from "./compiled";
import { compileKubernetes } from "./kubernetes";
import { all, type End, type Perhaps, type Protocol, type World } from "./model";

export interface Verdict {
  /** `unknown` where it hangs on something that the evaluator is not told. */
  readonly allowed: "yes" | "no" | "unknown";
  /** Rule or policies that decide, such as `NetworkPolicy financial-ml/allow-server egress[0]`. */
  readonly by: string;
  /** Policies that decide: that of the rule, or all that could open it and do not. None where no policy is about it. */
  readonly policies: readonly string[];
}

/** The verdict about any port between two ends. */
export type Way = (port: number, protocol?: Protocol) => Verdict;

interface CompiledTier {
  readonly name: string;
  readonly order: number;
  readonly denies: boolean;
  readonly policies: readonly CompiledPolicy[];
}

/** A tier as one pod meets it in one direction. */
interface MetTier {
  readonly name: string;
  readonly denies: boolean;
  /** Policies that are, or may be, about the pod. */
  readonly names: readonly string[];
  /** Whether one surely is. */
  readonly sure: boolean;
  readonly rules: readonly { readonly rule: CompiledRule; readonly policy: string; readonly about: Perhaps }[];
}

type Ahead = readonly { readonly tier: MetTier; readonly rules: MetTier["rules"] }[];

const DEFAULT_TIER = { order: 1_000_000, denies: true };
const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
/** Infinity minus Infinity is no number. */
const byOrder = (left: number, right: number): number => (left === right ? 0 : left < right ? -1 : 1);

const NOTHING: Verdict = { allowed: "yes", by: "no policy is about it", policies: [] };

export class Evaluator {
  private readonly tiers: readonly CompiledTier[];
  private readonly met: Readonly<Record<Direction, WeakMap<End, readonly MetTier[]>>> = {
    Ingress: new WeakMap(),
    Egress: new WeakMap(),
  };

  /** @throws Error for a policy that cannot be read: a selector or an action that does not exist. */
  constructor(world: World) {
    const calico = new CalicoCompiler(world);
    const policies = [
      ...world.policies.map((policy) => compileKubernetes(policy, world.namespaces)),
      ...(world.calicoPolicies ?? []).flatMap((policy) => calico.compile(policy) ?? []),
    ];
    const declared = new Map((world.tiers ?? []).map(({ metadata, spec }) => [metadata.name, spec ?? {}]));
    const names = new Set(policies.map(({ tier }) => tier));
    this.tiers = [...names]
      .map((name): CompiledTier => {
        const spec = declared.get(name);
        return {
          name,
          ...(name === "default"
            ? DEFAULT_TIER
            : { order: spec?.order ?? Infinity, denies: spec?.defaultAction !== "Pass" }),
          policies: policies
            .filter(({ tier }) => tier === name)
            .sort((left, right) => byOrder(left.order, right.order) || byText(left.tieBreak, right.tieBreak)),
        };
      })
      .sort((left, right) => byOrder(left.order, right.order) || byText(left.name, right.name));
  }

  /** One connection. */
  verdict(from: End, to: End, port: number, protocol: Protocol = "TCP"): Verdict {
    return this.way(from, to)(port, protocol);
  }

  /** All ports between two ends: whom rules mean is worked out once. */
  way(from: End, to: End): Way {
    if (from === to) return () => ({ ...NOTHING, by: "a pod reaches itself" });
    const { out, into } = this.ends(from, to);
    return (port, protocol) => {
      const left = out(port, protocol);
      if (left.allowed === "no") return left;
      const reached = into(port, protocol);
      if (reached.allowed === "no") return reached;
      if (left.allowed === "unknown") return left;
      if (reached.allowed === "unknown" || left === NOTHING) return reached;
      if (reached === NOTHING) return left;
      const policies = [...left.policies, ...reached.policies];
      return { allowed: "yes", by: `${left.by}; ${reached.by}`, policies };
    };
  }

  /** What each end says by itself: what leaves the source, and what reaches the target. */
  ends(from: End, to: End): Readonly<Record<"out" | "into", Way>> {
    const out = this.ahead("Egress", from, from, to);
    const into = isOwnNode(from, to) ? [] : this.ahead("Ingress", to, from, to);
    return {
      out: (port, protocol = "TCP") => decide(out, to, port, protocol),
      into: (port, protocol = "TCP") => decide(into, to, port, protocol),
    };
  }

  /** Whether any policy is, or may be, about this end. */
  isAbout(end: End): boolean {
    return this.tiersOf("Ingress", end).length + this.tiersOf("Egress", end).length > 0;
  }

  /** What stands in the way at one end: the tiers, with the rules that are about the pair. */
  private ahead(direction: Direction, own: End, from: End, to: End): Ahead {
    return this.tiersOf(direction, own).map((tier) => ({
      tier,
      rules: tier.rules.flatMap(({ rule, policy, about }) => {
        const joined = all([about, rule.joins(from, to)]);
        return joined === false ? [] : [{ rule, policy, about: joined }];
      }),
    }));
  }

  private tiersOf(direction: Direction, own: End): readonly MetTier[] {
    if (own.kind !== "pod" || own.hostNetwork === true) return [];
    const known = this.met[direction].get(own);
    if (known !== undefined) return known;
    const tiers = this.tiers.flatMap(({ name, denies, policies }): MetTier[] => {
      const about = policies.flatMap((policy) => {
        const rules = policy.rules[direction];
        const selected = rules === undefined ? false : policy.selects(own);
        return selected === false ? [] : [{ policy, selected, rules: rules! }];
      });
      if (about.length === 0) return [];
      return [
        {
          name,
          denies,
          names: about.map(({ policy }) => policy.name),
          sure: about.some(({ selected }) => selected === true),
          rules: about.flatMap(({ policy, rules, selected }) =>
            rules.map((rule) => ({ rule, policy: policy.name, about: selected })),
          ),
        },
      ];
    });
    this.met[direction].set(own, tiers);
    return tiers;
  }
}

/** The node on which a pod runs always reaches it, and so does what is on that node's network. */
const isOwnNode = (from: End, to: End): boolean =>
  to.kind === "pod" &&
  from.node !== undefined &&
  from.node === to.node &&
  (from.kind === "address" || from.hostNetwork === true);

/** Walks the tiers. A rule that may decide leaves the answer open unless everything after it says the same. */
function decide(ahead: Ahead, to: End, port: number, protocol: Protocol): Verdict {
  const perhaps: Verdict[] = [];
  const settled = (verdict: Verdict): Verdict => {
    const other = perhaps.find(({ allowed }) => allowed !== verdict.allowed);
    return other === undefined ? verdict : { ...other, allowed: "unknown" };
  };
  let met: Verdict = NOTHING;
  for (const { tier, rules } of ahead) {
    let passed = false;
    for (const { rule, policy, about } of rules) {
      const matches = all([about, rule.opens(to, port, protocol)]);
      if (matches === false) continue;
      if (matches === undefined) {
        const allowed = rule.action === "Pass" ? "unknown" : wordOf(rule.action);
        perhaps.push({ allowed, by: rule.name, policies: [policy] });
        continue;
      }
      if (rule.action !== "Pass") {
        return settled({ allowed: wordOf(rule.action), by: rule.name, policies: [policy] });
      }
      passed = true;
      met = { allowed: "yes", by: rule.name, policies: [policy] };
      break;
    }
    if (passed || !tier.denies) continue;
    const { names } = tier;
    const end: Verdict = { allowed: "no", by: `nothing opens it in: ${names.join(", ")}`, policies: names };
    if (tier.sure) return settled(end);
    perhaps.push(end);
  }
  return settled(met);
}

const wordOf = (action: "Allow" | "Deny"): "yes" | "no" => (action === "Allow" ? "yes" : "no");
