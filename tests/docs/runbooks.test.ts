import { pages, readPage } from "./pages";
import { blocksOf, commandsIn, commandsInText } from "./shell";
import { rowOf } from "./shown-commands";

const runbooks = pages.filter((page) => page.startsWith("docs/runbooks/"));

interface Part {
  readonly heading: string;
  readonly text: string;
}

const partsOf = (page: string): Part[] =>
  readPage(page)
    .split(/^## /m)
    .map((part, index) => ({ heading: index === 0 ? "" : (part.split("\n", 1)[0] ?? ""), text: part }));

const shellIn = (text: string): string[] =>
  blocksOf(text)
    .filter(({ language }) => language === "sh")
    .flatMap((block) => commandsIn(block.text));

describe.each(runbooks)("%s, at night", (page) => {
  const parts = partsOf(page);
  const named = (pattern: RegExp) => parts.filter(({ heading }) => pattern.test(heading));

  it("begins with what one sees, before the first heading", () => {
    const words = (parts[0]?.text ?? "").replace(/^# .*$/m, "").trim();
    expect(words.length).toBeGreaterThan(40);
  });

  it("has the first command, and what to do about what it says", () => {
    const [first] = named(/^First command/);
    expect(shellIn(first?.text ?? "").length).toBeGreaterThan(0);
    expect(parts.map(({ text }) => text).join("")).toMatch(/^\| (you see|it says|what|verdict|row|who)\b.*\|$/m);
  });

  it("proves at the end that it is well", () => {
    const commands = named(/^After/).flatMap(({ text }) => shellIn(text));
    expect(commands.some((command) => /^(npm run (validate|drift|diagnose)|kubectl) /.test(command))).toBe(true);
  });

  it("says when to stop and whom to call", () => {
    const [call] = named(/^Stop, and call/);
    expect(call?.text).toMatch(/\b(call|owner|team|lead|own)/i);
  });
});

describe("check lists", () => {
  const items = pages
    .filter((page) => page !== "CONTRIBUTING.md")
    .flatMap((page) => [...readPage(page).matchAll(/^- \[ \] (.+)$/gm)].map(([, item = ""]) => ({ page, item })));

  it("are the migration's four phases and the policy review's", () => {
    expect([...new Set(items.map(({ page }) => page))]).toEqual(["docs/migration.md", "docs/policy-review.md"]);
    expect(items.length).toBeGreaterThan(40);
  });

  it.each(items)("$page: $item", ({ page, item }) => {
    const commands = commandsInText(item).concat(/`(npm run sandbox)`/.exec(item)?.[1] ?? []);
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => rowOf(page, command) === undefined)).toEqual([]);
  });
});
