/** What of a CNI, or of K3s' policy controller, is on a machine: facts against the CNI table. Pure. */
import { CNI, type Leftovers, POLICY_CONTROLLER } from "../../components/k3s/cni";
import type { Cni } from "../../config/schema";
import type { HostFacts } from "./facts";

/** One thing that was found, as the program `clean --check` would name it. */
export interface Leftover {
  readonly kind: "link" | "chain" | "ipset" | "route" | "file";
  readonly name: string;
}

/** A pattern with `*` as in a shell. */
const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);

/** Everything of a CNI that the facts show. Files elsewhere than in the CNI folders are not part of the facts. */
export const cniTraces = (cni: Cni, facts: HostFacts): Leftover[] => traces(CNI[cni].leftovers, CNI[cni].links, facts);

/** Everything that K3s' policy controller has left, or uses while it runs. */
export const policyTraces = (facts: HostFacts): Leftover[] => traces(POLICY_CONTROLLER, [], facts);

function traces(
  { paths, chains, ipsets, routeProtocol }: Leftovers,
  links: readonly string[],
  facts: HostFacts,
): Leftover[] {
  const files = [...facts.cniFiles.map(({ path }) => path), ...facts.cniPlugins];
  const matches = (patterns: readonly string[], name: string): boolean =>
    patterns.some((pattern) => glob(pattern).test(name));
  const isRoute = (route: string): boolean =>
    (routeProtocol !== undefined && new RegExp(`\\bproto ${routeProtocol}\\b`).test(route)) ||
    links.some((link) => new RegExp(`\\bdev ${glob(link).source.slice(1, -1)}(?: |$)`).test(route));
  return [
    ...facts.links.filter((name) => matches(links, name)).map((name) => ({ kind: "link" as const, name })),
    ...facts.chains
      .filter(({ name }) => chains.some((prefix) => name.startsWith(prefix)))
      .map(({ table, name }) => ({ kind: "chain" as const, name: `${table} ${name}` })),
    ...facts.ipsets
      .filter((name) => ipsets.some((prefix) => name.replace(/^inet6:/, "").startsWith(prefix)))
      .map((name) => ({ kind: "ipset" as const, name })),
    ...facts.routes.filter(isRoute).map((name) => ({ kind: "route" as const, name })),
    ...files.filter((path) => matches(paths, path)).map((name) => ({ kind: "file" as const, name })),
  ];
}

/** `3 links (cali1, cali2, ...), 12 chains (...)`: enough to recognise them by. */
export function showLeftovers(found: readonly Leftover[], most = 3): string {
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const names = found.filter((one) => one.kind === kind).map(({ name }) => name);
      const more = names.length > most ? ", ..." : "";
      return `${names.length} ${kind}${names.length === 1 ? "" : "s"} (${names.slice(0, most).join(", ")}${more})`;
    })
    .join(", ");
}
