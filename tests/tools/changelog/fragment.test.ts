import { readFileSync } from "node:fs";
import path from "node:path";
import { readChanges } from "../../../tools/changelog/folder";
import { bulletOf, readFragment, sections } from "../../../tools/changelog/fragment";
import { commandsOf } from "../../docs/pages";

const ROOT = path.join(__dirname, "../../..");
const faultsOf = (content: string, file = "a.md") => readFragment(file, content).faults.map(({ text }) => text);
const added = (text: string) => `kind: added\n\n${text}\n`;

test("a change is a kind and one paragraph", () => {
  const { fragment, faults } = readFragment(
    "new-thing.md",
    "kind: added\nhighlight: yes\n\nA `new` thing,\nat last.\n",
  );
  expect(faults).toEqual([]);
  expect(fragment).toEqual({
    file: "new-thing.md",
    kind: "added",
    highlight: true,
    text: "A `new` thing, at last.",
    commands: [],
  });
  expect(readFragment("a.md", added("One.").replaceAll("\n", "\r\n")).fragment?.text).toBe("One.");
});

test("an upgrade note brings its commands", () => {
  const { fragment } = readFragment(
    "a.md",
    "kind: upgrade note\n\nRename a key.\n\n```sh\nsed -i s/a/b/ x\nnpm test\n```\n",
  );
  expect(fragment?.commands).toEqual(["sed -i s/a/b/ x", "npm test"]);
  expect(bulletOf(fragment!)).toBe("- Rename a key.\n\n  ```sh\n  sed -i s/a/b/ x\n  npm test\n  ```");
});

test.each([
  ["", 'begins with ""; allowed before the empty line: kind'],
  ["Only text.", 'begins with "Only text."; allowed before the empty line: kind, highlight'],
  ["kind: new\n\nA.", 'kind is "new"; allowed: upgrade note, security, added, changed, fixed'],
  ["kind: added\nhighlight: maybe\n\nA.", 'highlight is "maybe"; allowed: yes, no'],
  ["highlight: yes\n\nA.", "has no kind; allowed: upgrade note, security"],
  ["kind: added", "got 0 paragraphs, allowed is one"],
  [added("One.\n\nTwo."), "got 2 paragraphs, allowed is one; a second change is a second file"],
  [added("- One."), "got a list or a heading"],
  [added("### One."), "got a list or a heading"],
  [added("No end"), 'must end with a full stop, got "...No end"'],
  [added("A.\n\n```sh\nnpm test\n```"), 'commands belong to the kind "upgrade note", got "added"'],
  ["kind: upgrade note\n\nDo it.", "an upgrade note ends with the commands"],
  [added("Fixes #12."), 'names a number of an issue tracker, "#12"; say what it is about instead'],
  [added("As issue 7 asks."), 'names a number of an issue tracker, "issue 7"'],
  [added("See GH-7."), '"GH-7"'],
  [added("See https://example.com/a/b/issues/3."), "names a page of an issue tracker"],
  [added("Runs on build1.corp too."), 'a host name of a private network, "build1.corp"'],
  [added("Reaches 10.1.2.3 now."), 'an address, "10.1.2.3"'],
])("%j is refused", (content, message) => {
  expect(faultsOf(content).join("\n")).toContain(message);
  expect(readFragment("a.md", content).fragment).toBeUndefined();
});

test.each([
  "The range 10.42.0.0/16 and 192.0.2.10 belong to nobody, SHA-256 and Calico 3.31.7 are no addresses.",
  "See [Delivery](docs/delivery.md#the-gate) and CVE-2026-12345 &#35;.",
])("%j is allowed", (text) => {
  expect(faultsOf(added(text))).toEqual([]);
});

test.each(["Upper.md", "a b.md", "a.txt", ".md"])("a file named %j is refused", (file) => {
  expect(faultsOf(added("A."), file)).toEqual([expect.stringContaining("small letters and digits with hyphens")]);
});

test("sections stand in one order, whatever the files are called", () => {
  const fragments = [
    ["a.md", "kind: fixed\n\nFive."],
    ["b.md", added("Four.")],
    ["c.md", "kind: security\n\nTwo."],
    ["d.md", added("Three.")],
  ].map(([file = "", content = ""]) => readFragment(file, content).fragment!);
  expect(sections(fragments)).toEqual([
    "### Security",
    "- Two.",
    "### Added",
    "- Four.\n- Three.",
    "### Fixed",
    "- Five.",
  ]);
});

describe("the changes of this project", () => {
  const { fragments, faults } = readChanges(ROOT);

  test("are in order", () => {
    expect(faults).toEqual([]);
  });

  test("name commands that there are", () => {
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { scripts: object };
    const named = fragments.flatMap(({ file, text }) => commandsOf(text).map(({ name }) => ({ file, name })));
    expect(named.filter(({ name }) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});
