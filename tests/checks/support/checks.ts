/** Checks for tests of the engine. */
import type { Check, Expectation } from "../../../checks/check";
import { type Outcome, pass } from "../../../checks/verdict";

export const expectation = (probe: Expectation["probe"], target = "target"): Expectation => ({
  target,
  expected: "as declared",
  repeat: `look at ${target}`,
  probe,
});

/** A check with one expectation of a fixed outcome, or with the given expectations. */
export function check(
  id: string,
  what: Outcome | readonly Expectation[] = pass("fine"),
  more: Partial<Check> = {},
): Check {
  const expectations = "verdict" in what ? [expectation(() => Promise.resolve(what))] : what;
  return { id, title: `title of ${id}`, proves: `${id} holds`, expectations: () => expectations, ...more };
}
