import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES } from "../../checks/diagnosis/rules";
import { commandsOf, pages, readPage, root, type ShownCommand } from "./pages";

// Each command's help is a Node.js of its own.
jest.setTimeout(600_000);

const scripts = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts;
const shown: readonly (ShownCommand & { page: string })[] = pages.flatMap((page) =>
  commandsOf(readPage(page)).map((command) => ({ ...command, page })),
);

/** The command line that tools/run.mjs starts for each command; run.mjs itself would also look at what is installed. */
const started: ReadonlyMap<string, readonly string[]> = new Map(
  [
    ...readFileSync(join(root, "tools/run.mjs"), "utf8").matchAll(
      /^ {2}"?([a-z0-9:-]+)"?: \{\s*entry: "([^"]+\.ts)",(?:\s*args: \["([^"]+)"\],)?/gm,
    ),
  ].map(([, name = "", entry = "", argument]) => [name, [entry, ...(argument === undefined ? [] : [argument])]]),
);

/** What `npm run <name> -- --help` says. */
const helpOf = (name: string): Promise<string> =>
  new Promise((settle, reject) => {
    const command = ["--require", join(root, "tools/typescript.cjs"), ...(started.get(name) ?? [name]), "--help"];
    execFile(process.execPath, command, { cwd: root }, (error, stdout) => {
      if (error === null) settle(stdout);
      else reject(new Error(`npm run ${name} -- --help`, { cause: error }));
    });
  });

describe("commands that pages show", () => {
  it("exist in package.json", () => {
    const unknown = shown.filter(({ name }) => !Object.hasOwn(scripts, name));
    expect(unknown.map(({ page, name }) => `${page}: npm run ${name}`)).toEqual([]);
  });

  it("have the flags that are shown", async () => {
    const wrong: string[] = [];
    for (const name of new Set(shown.filter(({ flags }) => flags.length > 0).map((command) => command.name))) {
      const help = await helpOf(name);
      const known = new Set([...help.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag));
      if (!known.has("--version")) wrong.push(`npm run ${name} does not say which version it is`);
      for (const { page, flags, name: of } of shown) {
        if (of !== name) continue;
        wrong.push(...flags.filter((flag) => !known.has(flag)).map((flag) => `${page}: npm run ${name} ${flag}`));
      }
    }
    expect(wrong).toEqual([]);
  });

  it("ask only for checks that there are", () => {
    const sources = readdirSync(join(root, "checks"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(join(root, "checks", file), "utf8"))
      .join("\n");
    const ids = shown.flatMap(({ page, only }) => only.map((id) => ({ page, id })));
    expect(ids.filter(({ id }) => !sources.includes(`"${id}"`))).toEqual([]);
    expect(ids.length).toBeGreaterThan(3);
  });
});

it("the training's answers are verdicts of the diagnosis", () => {
  const answers = [...readPage("docs/training.md").matchAll(/verdict `([a-z-]+)`/g)].map((match) => match[1] ?? "");
  const known = new Set(RULES.map(({ id }) => id));
  expect(answers.filter((id) => !known.has(id))).toEqual([]);
  expect(answers.length).toBeGreaterThanOrEqual(5);
});
