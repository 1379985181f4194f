import { pages, readPage } from "./pages";
import { blocksOf, commandsIn, commandsInText, shellCommandsOf } from "./shell";
import { inSandbox, NOT_RUN, OUTPUTS, ROWS, rowOf, RUN } from "./shown-commands";

const shown = pages.flatMap((page) => shellCommandsOf(readPage(page)).map((command) => ({ page, command })));

describe("every command that a page shows", () => {
  it("is in the table of what is run, or why it is not", () => {
    const unknown = shown.filter(({ page, command }) => rowOf(page, command) === undefined);
    expect(unknown.map(({ page, command }) => `${page}: ${command}`)).toEqual([]);
  });

  it("is what a row of the table is about", () => {
    const used = new Set(shown.map(({ page, command }) => rowOf(page, command)));
    expect(ROWS.filter((row) => !used.has(row)).map(({ command }) => String(command))).toEqual([]);
  });

  it("is run, or has its reason", () => {
    const known = new Set<string>([...Object.keys(RUN), ...Object.keys(NOT_RUN)]);
    expect(ROWS.filter(({ where }) => !known.has(where))).toEqual([]);
    // An unexpected exit code must say why the sandbox differs from what the page implies.
    expect(ROWS.filter(({ exit = 0, because }) => exit !== 0 && because === undefined)).toEqual([]);
  });
});

it("every block of output has its command, or a reason", () => {
  const blocks = pages.flatMap((page) =>
    blocksOf(readPage(page))
      .filter(({ language }) => language === "text")
      .map(({ text }) => ({ page, text })),
  );
  const outputOf = (page: string, text: string) =>
    OUTPUTS.find((output) => output.page === page && text.startsWith(output.begins));
  expect(blocks.filter(({ page, text }) => outputOf(page, text) === undefined)).toEqual([]);
  const used = new Set(blocks.map(({ page, text }) => outputOf(page, text)));
  expect(OUTPUTS.filter((output) => !used.has(output))).toEqual([]);
  expect(OUTPUTS.filter(({ of, because }) => (of === undefined) === (because === undefined))).toEqual([]);
});

describe("a script", () => {
  it.each([
    ["a # why\nb; c && d\n", ["a", "b", "c", "d"]],
    ["echo '#no; no' \"a && $(b; c)\" # yes", ["echo '#no; no' \"a && $(b; c)\""]],
    ["a \\\n  b\nc $(d; e) | f\n", ["a \\\n  b", "c $(d; e) | f"]],
    ["cat >f <<END\n# x; y\nEND\nrm f\n", ["cat >f <<END\n# x; y\nEND", "rm f"]],
    ["sleep 1 &\nb 2>&1\n", ["sleep 1 &", "b 2>&1"]],
  ])("%j", (script, commands) => {
    expect(commandsIn(script)).toEqual(commands);
  });
});

it("finds whole commands in text, and no mere names", () => {
  const text =
    "`npm run plan` and `npm run plan -- prod`, `pulumi up`, `pulumi up -s prod`\n```sh\n`kubectl get x`\n```\n";
  expect(commandsInText(text)).toEqual(["npm run plan -- prod", "pulumi up -s prod"]);
});

it("puts the sandbox where the reader's stack stands", () => {
  expect(inSandbox("npm run drift -- prod --only a", "s.yaml")).toBe(
    "npm run drift -- sandbox --config-file s.yaml --only a",
  );
  expect(inSandbox("npm run plan -- prod", "s.yaml")).toBe("npm run plan -- prod");
  expect(inSandbox("kubectl -n <namespace> get model <name> -o yaml", "s.yaml")).toBe(
    "kubectl -n financial-ml get model test-model-simple -o yaml",
  );
});
