import type { DeclaredHost } from "../../config/derive";

/**
 * The order in which machines change: servers one at a time (etcd's quorum, and agents learn settings from them), then
 * agents in batches, which bounds what a faulty step can reach. Pure.
 *
 * @param hosts servers first, as `declaredHosts` gives them.
 * @param size agents at a time.
 */
export function batches(hosts: readonly DeclaredHost[], size: number): DeclaredHost[][] {
  const servers = hosts.filter(({ role }) => role === "server").map((host) => [host]);
  const agents = hosts.filter(({ role }) => role === "agent");
  const step = Math.min(size, Math.max(agents.length, 1));
  const count = Math.ceil(agents.length / step);
  return [...servers, ...Array.from({ length: count }, (_, index) => agents.slice(index * step, (index + 1) * step))];
}
