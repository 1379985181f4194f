/** The order in which checks may start, and the choice of some of them. Pure. */
import type { Check } from "../check";

/**
 * Needs before those who need them, otherwise as given.
 * @throws Error when an id stands twice, a need is unknown, or needs go round in a circle.
 */
export function orderOf(checks: readonly Check[]): Check[] {
  const byId = new Map<string, Check>();
  for (const check of checks) {
    if (byId.has(check.id)) throw new Error(`two checks have the id "${check.id}"`);
    byId.set(check.id, check);
  }
  const ordered = new Set<Check>();
  const visit = (check: Check, path: readonly string[]): void => {
    if (ordered.has(check)) return;
    if (path.includes(check.id)) throw new Error(`checks need each other: ${[...path, check.id].join(" -> ")}`);
    for (const id of check.needs ?? []) {
      const need = byId.get(id);
      if (need === undefined) throw new Error(`check "${check.id}" needs "${id}", which is not part of this run`);
      visit(need, [...path, check.id]);
    }
    ordered.add(check);
  };
  for (const check of checks) visit(check, []);
  return [...ordered];
}

/** The checks with these ids and all that they need, in the order given. Unknown ids are the caller's to refuse. */
export function selectChecks(checks: readonly Check[], ids: ReadonlySet<string>): Check[] {
  const byId = new Map(checks.map((check) => [check.id, check]));
  const wanted = new Set<string>();
  const add = (id: string): void => {
    const check = byId.get(id);
    if (check === undefined || wanted.has(id)) return;
    wanted.add(id);
    for (const need of check.needs ?? []) add(need);
  };
  for (const id of ids) add(id);
  return checks.filter((check) => wanted.has(check.id));
}
