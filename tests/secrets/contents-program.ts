/**
 * Runs the program with secrets of given contents: cases as JSON on standard input, for each what anybody would print of it.
 * A process of its own, see errors.test.ts.
 */
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { tell } from "../../tools/cli";
import { evaluate } from "../../tools/plan/evaluate";
import { plantedStack } from "./fixture";

interface Case {
  readonly key: string;
  readonly value: string;
}

async function outcomeOf({ key, value }: Case): Promise<string> {
  try {
    const { resources } = await evaluate(plantedStack("external", { [key]: value }));
    return `declared: ${key}\n${inspect(
      resources.map(({ inputs }) => inputs),
      { depth: 12 },
    )}`;
  } catch (error) {
    return `refused: ${key}\n${tell(error).text}\n${inspect(error)}`;
  }
}

void (async () => {
  const cases = JSON.parse(readFileSync(0, "utf8")) as Case[];
  for (const one of cases) process.stdout.write(`${await outcomeOf(one)}\n`);
})();
