/** The pictures of the documentation that are made by running the program for a stack. */
import { readStackFile } from "../config/stack-file";
import { configOf, evaluate, PROJECT_DIR } from "./plan/evaluate";
import { flowPicture } from "./plan/pictures/flow-picture";
import { graphPicture } from "./plan/pictures/graph-picture";

/** The stack that the documentation shows. */
const STACK = "staging";

/** Text of each file by its path. @throws ConfigError when the stack file has faults. */
export async function stackPictures(): Promise<ReadonlyMap<string, string>> {
  const file = readStackFile(PROJECT_DIR, STACK);
  return new Map([
    [`docs/pictures/${STACK}-graph.svg`, graphPicture(await evaluate(file))],
    [`docs/pictures/${STACK}-flows.svg`, flowPicture(STACK, configOf(file))],
  ]);
}
