/** What of the documentation is made by running the program for a stack: pictures, and the policy review. */
import { readStackFile } from "../config/stack-file";
import { type ReviewedStack } from "./docs-policy-review";
import { configOf } from "../config/stack-config";
import { evaluate, PROJECT_DIR } from "./plan/evaluate";
import { flowPicture } from "./plan/pictures/flow-picture";
import { graphPicture } from "./plan/pictures/graph-picture";

/** The stack whose pictures the documentation shows. */
const STACK = "staging";

/** The stacks that a security team reviews, the strictest first. */
const REVIEWED = ["prod", "staging"];

/** @throws ConfigError when a stack file has faults. */
export async function reviewedStacks(): Promise<ReviewedStack[]> {
  const stacks: ReviewedStack[] = [];
  // One after the other: the in-process runtime runs one program at a time.
  for (const stack of REVIEWED) {
    const file = readStackFile(PROJECT_DIR, stack);
    stacks.push({ evaluation: await evaluate(file), config: configOf(file) });
  }
  return stacks;
}

/** Text of each picture by its path. */
export function stackPictures(stacks: readonly ReviewedStack[]): ReadonlyMap<string, string> {
  return new Map(
    stacks
      .filter(({ evaluation }) => evaluation.stack === STACK)
      .flatMap(({ evaluation, config }): [string, string][] => [
        [`docs/pictures/${STACK}-graph.svg`, graphPicture(evaluation)],
        [`docs/pictures/${STACK}-flows.svg`, flowPicture(STACK, config)],
      ]),
  );
}
