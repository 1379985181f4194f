/** The checks of the gate `hosts`: every machine can be read, is fit, and contradicts nothing that the stack declares. */
import { declaredHosts } from "../../config/derive";
import type { Check, Expectation } from "../check";
import type { CheckContext } from "../context";
import { fail, type Outcome, pass } from "../verdict";
import { effectiveSettings, ENVIRONMENT } from "./effective";
import type { HostFacts } from "./facts";
import { WHOLE_CLUSTER } from "./judge-cluster";
import type { Judgement } from "./judgement";
import { KNOWN_FLAGS } from "./k3s-flags";
import { LOOK_MS } from "./reader";
import { isEmpty, takeOver } from "./take-over";

export const HOST_FACTS = "host-facts";
export const TAKE_OVER = "take-over";

/** Every declared machine answers over SSH and can be read as root. */
export function hostFacts(context: CheckContext): Check {
  return {
    id: HOST_FACTS,
    title: "Every machine can be read",
    proves: "each declared machine answers over SSH with its pinned host key, lets us in, and lets us read as root",
    timeoutMs: LOOK_MS + 5_000,
    expectations: () =>
      context.hosts.targets.map(({ name }) => ({
        target: name,
        expected: "hosts/inspect runs as root and prints its facts",
        repeat: context.hosts.repeat(name),
        probe: async () => pass(summaryOf((await context.hosts.look(name)).facts)),
      })),
  };
}

function summaryOf(facts: HostFacts): string {
  const { version, active } = facts.k3s;
  const k3s = isEmpty(facts) ? "no K3s" : `K3s ${facts.role} ${version ?? "?"}${active ? "" : ", not running"}`;
  return `${k3s}, kernel ${facts.kernel}, ${facts.os}`;
}

/** Nothing on the machines contradicts the stack. */
export function takeOverCheck(context: CheckContext): Check {
  return {
    id: TAKE_OVER,
    title: "Nothing on the machines contradicts the stack",
    proves: "the machines can be installed or taken over without changing what a cluster keeps from its creation",
    needs: [HOST_FACTS],
    timeoutMs: LOOK_MS + 5_000,
    expectations: async (signal) => {
      const inspections = await context.hosts.lookAtAll();
      const facts = new Map([...inspections].map(([name, { facts }]) => [name, facts]));
      const judgement = takeOver(context.machines, facts, { helpFlags: await helpFlags(context, facts, signal) });
      const names = [...declaredHosts(context.machines).map(({ host }) => host.name), WHOLE_CLUSTER];
      return names.flatMap((name) => expectationsOf(name, judgement, context));
    },
  };
}

/** One finding a contradiction, so that each comes with its own fix; without any, one that says so. */
function expectationsOf(name: string, { contradictions, notes }: Judgement, context: CheckContext): Expectation[] {
  const known = context.hosts.targets.some((target) => target.name === name);
  const common = {
    target: name,
    expected: "nothing that contradicts the stack",
    repeat: known ? context.hosts.repeat(name) : context.preflight(TAKE_OVER),
  };
  const note = notes
    .filter(({ host }) => host === name)
    .map(({ text }) => `${name}: ${text}.`)
    .join(" ");
  const own = contradictions.filter(({ host }) => host === name);
  const outcomes: Outcome[] =
    own.length === 0
      ? [pass("no contradiction", note === "" ? {} : { note })]
      : own.map(({ what, fix }) => fail(what, { fix, final: true }));
  return outcomes.map((outcome) => ({ ...common, probe: () => Promise.resolve(outcome) }));
}

/** Flags that a machine's own K3s knows and our table does not: asked only where a setting is unknown to the table. */
async function helpFlags(
  context: CheckContext,
  facts: ReadonlyMap<string, HostFacts>,
  signal: AbortSignal,
): Promise<Map<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const [name, own] of facts) {
    const { role } = own;
    if (role === "none") continue;
    const settings = effectiveSettings(own);
    const unknown = settings.mentions.some(({ key, source }) => source !== ENVIRONMENT && !KNOWN_FLAGS[role].has(key));
    if (!unknown) continue;
    const { stdout } = await context.hosts.asRoot(name, `k3s ${role} --help`, { signal });
    found.set(name, new Set([...stdout.matchAll(/(?:^|\s)--([a-z][a-z0-9-]+)/g)].map(([, flag]) => flag!)));
  }
  return found;
}
