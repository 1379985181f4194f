import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { examples, EXAMPLES_DIR } from "../../delivery/examples/examples";
import { PROJECT_DIR } from "../../tools/plan/evaluate";

jest.setTimeout(120_000);

const folder = path.join(PROJECT_DIR, EXAMPLES_DIR);

test("what the workflows would post is the committed text", async () => {
  const all = await examples();
  for (const { file, text } of all) {
    const committed = existsSync(path.join(folder, file)) ? readFileSync(path.join(folder, file), "utf8") : "";
    // Accept with: npm run golden
    expect([file, text]).toEqual([file, committed]);
  }
  // Below `posted` is what dry runs of the workflows posted (tests/delivery/dry-run.test.ts, tests/e2e/deliver.test.ts).
  const files = readdirSync(folder).filter((name) => name !== "posted");
  expect(files.sort()).toEqual(all.map(({ file }) => file).sort());
});
