/** `npm run golden`: see the help text. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT } from "../checks/exit-codes";
import { runTool } from "./cli";
import { examples, EXAMPLES_DIR } from "../delivery/examples/examples";
import { lineDiff } from "./line-diff";
import { PROJECT_DIR } from "./plan/evaluate";
import { compareGolden, GOLDEN_DIR, goldenStacks, orphans } from "./plan/golden";

const COMMAND = {
  name: "golden",
  summary:
    "Rewrites tests/golden/<stack>.yaml, the plan of every stack file and of every fixture in tests/stacks. The diff of\n" +
    "these files is what a change does to every environment. tests/golden/delivery holds what the workflows would post.",
  positionals: [],
  flags: { check: { type: "boolean", summary: "write nothing; show what differs and exit 7 when anything does" } },
} as const;

void runTool(COMMAND, async ({ flags: { check } }) => {
  let changed = 0;
  const say = (text: string) => process.stdout.write(`${text}\n`);
  mkdirSync(GOLDEN_DIR, { recursive: true });
  for (const golden of goldenStacks()) {
    const { stack, goldenFile, text, difference } = await compareGolden(golden);
    if (difference === "") continue;
    changed++;
    say(check ? `${stack}: differs from ${path.basename(goldenFile)}\n${difference}\n` : `${stack}: rewritten`);
    if (!check) writeFileSync(goldenFile, text);
  }
  for (const name of orphans()) {
    changed++;
    say(`${name}: ${check ? "has no stack" : "removed, it has no stack"}`);
    if (!check) rmSync(path.join(GOLDEN_DIR, name));
  }
  const folder = path.join(PROJECT_DIR, EXAMPLES_DIR);
  mkdirSync(folder, { recursive: true });
  for (const { file, text } of await examples()) {
    const target = path.join(folder, file);
    const difference = lineDiff(existsSync(target) ? readFileSync(target, "utf8") : "", text);
    if (difference === "") continue;
    changed++;
    say(check ? `delivery/${file}: differs\n${difference}\n` : `delivery/${file}: rewritten`);
    if (!check) writeFileSync(target, text);
  }
  if (changed === 0) say("the golden plans are up to date");
  else if (check) say("accept with: npm run golden");
  return check && changed > 0 ? EXIT.drift : EXIT.clean;
});
