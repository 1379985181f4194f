/** Every configuration mistake that the tests make, and which part of the configuration layer refuses it. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { formatFault } from "../../config/faults";
import { parseConfig } from "../../config/parse";
import { changed, type RuleCase } from "./cases/case";

const CASES_DIR = path.join(__dirname, "cases");

/** The cases of every file in cases/, so that a new file counts by itself. */
export function mistakes(): RuleCase[] {
  return readdirSync(CASES_DIR)
    .sort()
    .flatMap((file) => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- the list of files is what is read here
      const exported = require(path.join(CASES_DIR, file)) as Record<string, unknown>;
      return Object.entries(exported)
        .filter(([name]) => name.endsWith("_CASES"))
        .flatMap(([, cases]) => cases as RuleCase[]);
    });
}

export interface Refusal {
  readonly when: string;
  /** `schema` for a value that is wrong by itself, `rules` for values that are wrong together; undefined when it gets through. */
  readonly by: "schema" | "rules" | undefined;
  readonly message: string;
}

/** What becomes of one mistake. Nothing is evaluated and nothing is contacted. */
export function refusalOf({ when, set, secrets = [] }: RuleCase): Refusal {
  const { config, faults } = parseConfig(changed(set), new Set(secrets));
  const [first] = faults;
  const by =
    config !== undefined || first === undefined ? undefined : first.rule.startsWith("schema.") ? "schema" : "rules";
  return { when, by, message: faults.map(formatFault).join("\n") };
}
