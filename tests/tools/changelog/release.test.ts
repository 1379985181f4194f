import { readFileSync } from "node:fs";
import path from "node:path";
import { readFragment } from "../../../tools/changelog/fragment";
import { releaseNotes } from "../../../tools/changelog/notes";
import { refusals, type Release, releasedFiles } from "../../../tools/changelog/release";
import { type Manifest, supportedVersions } from "../../../tools/changelog/supported";
import { CALICO_VERSIONS, K3S_CREATE_DEFAULT, SELDON_VERSIONS } from "../../../config/compatibility";
import { allCharts } from "../../../tools/charts/pinned";
import { commandsOf } from "../../docs/pages";

const ROOT = path.join(__dirname, "../../..");
const textOf = (name: string) => readFileSync(path.join(ROOT, name), "utf8");

const fragments = [
  ["a.md", "kind: added\n\nA thing."],
  ["b.md", "kind: fixed\n\nA fault."],
  ["c.md", "kind: upgrade note\n\nRename it.\n\n```sh\nsed -i s/a/b/ x\n```"],
].map(([file = "", content = ""]) => readFragment(file, content).fragment!);

const BASE: Release = {
  version: "1.3.0",
  day: "2026-11-23",
  changes: { fragments, faults: [] },
  files: {
    changelog: "# Changelog\n\nHow.\n\n## 1.2.0 - 2026-01-01\n\n### Added\n\n- Old.\n",
    manifest: '{\n  "name": "x",\n  "version": "1.2.0"\n}\n',
    lock: '{\n  "version": "1.2.0",\n  "packages": {\n    "": {\n      "version": "1.2.0"\n    }\n  }\n}\n',
  },
  tags: ["v1.1.0", "v1.2.0"],
  dirty: [],
};

describe("a release is refused", () => {
  test.each<[string, Partial<Release>, string]>([
    ["of no version", { version: "1.3" }, 'the version is "1.3"; allowed are three numbers'],
    ["with a leading v", { version: "v1.3.0" }, 'the version is "v1.3.0"'],
    ["of the last version again", { version: "1.2.0" }, "1.2.0 has been released; name a greater one"],
    ["of an older one", { version: "1.0.9" }, "the version is 1.0.9, and 1.2.0 has been released"],
    ["over a tag", { tags: ["v1.3.0"] }, "the tag v1.3.0 is there"],
    ["below a tag that no heading names", { tags: ["v1.10.0"] }, "1.10.0 has been released"],
    [
      "below package.json",
      { files: { ...BASE.files, manifest: '{"version": "2.0.0"}' } },
      "package.json has 2.0.0 already",
    ],
    ["with changed files", { dirty: ["a", "b"] }, "not in it: a, b; commit them"],
    ["outside of a checkout", { dirty: undefined }, "no git checkout"],
    ["without a change", { changes: { fragments: [], faults: [] } }, "changes/ holds no change"],
    ["with a faulty change", { changes: { fragments, faults: [{ file: "x.md", text: "bad" }] } }, "changes/x.md: bad"],
  ])("%s", (_, more, message) => {
    expect(refusals({ ...BASE, ...more }).join("\n")).toContain(message);
  });

  test("for every reason at once", () => {
    expect(refusals({ ...BASE, version: "1.2.0", dirty: ["a"] })).toHaveLength(3);
    expect(refusals(BASE)).toEqual([]);
  });
});

test("the first release may be the version that package.json has had all along", () => {
  const files = { ...BASE.files, changelog: "# Changelog\n\nHow.\n" };
  expect(refusals({ ...BASE, files, tags: [], version: "1.2.0" })).toEqual([]);
});

test("the section goes above the older ones, and both files get the version", () => {
  const { changelog, manifest, lock } = releasedFiles(BASE);
  expect(changelog).toBe(
    "# Changelog\n\nHow.\n\n## 1.3.0 - 2026-11-23\n\n### Upgrade notes\n\n- Rename it.\n\n  ```sh\n  sed -i s/a/b/ x\n  ```\n\n" +
      "### Added\n\n- A thing.\n\n### Fixed\n\n- A fault.\n\n## 1.2.0 - 2026-01-01\n\n### Added\n\n- Old.\n",
  );
  expect(manifest).toBe(BASE.files.manifest.replace("1.2.0", "1.3.0"));
  expect(lock).toBe(BASE.files.lock.replaceAll("1.2.0", "1.3.0"));
});

test("of this project's own files only the versions change", () => {
  const files = {
    changelog: textOf("CHANGELOG.md"),
    manifest: textOf("package.json"),
    lock: textOf("package-lock.json"),
  };
  const done = releasedFiles({ ...BASE, version: "987.6.5", files });
  const before = (JSON.parse(files.manifest) as { version: string }).version;
  const line = (text: string) => text.replaceAll('"version": "987.6.5"', `"version": "${before}"`);
  expect(line(done.manifest)).toBe(files.manifest);
  expect(line(done.lock)).toBe(files.lock);
  expect(done.lock.match(/987\.6\.5/g)).toHaveLength(2);
});

describe("the notes", () => {
  const supported = supportedVersions(JSON.parse(textOf("package.json")) as Manifest, ">=3.226.0");
  const notes = (more = fragments) => releaseNotes({ version: "1.3.0", fragments: more, supported });

  test("begin with what is new, then what an upgrade needs, then the rest", () => {
    const headings = [...notes().matchAll(/^#+ .*$/gm)].map(([heading]) => heading);
    expect(headings).toEqual([
      "# seldon-k3s 1.3.0",
      "## Highlights",
      "## Upgrade notes",
      "## Fixed",
      "## Versions that go together",
      "## Bill of materials",
      "## Checks",
    ]);
    expect(notes()).toContain("- Rename it.\n\n  ```sh\n  sed -i s/a/b/ x\n  ```");
    expect(notes().match(/A thing\./g)).toHaveLength(1);
    expect(notes(fragments.slice(0, 1))).toContain("Nothing has to be done but what every upgrade needs");
  });

  test("begin with what is marked, where anything is", () => {
    const marked = readFragment("d.md", "kind: fixed\nhighlight: yes\n\nThe one.").fragment!;
    const [, highlights = ""] = /## Highlights\n\n([^]*?)\n\n## /.exec(notes([...fragments, marked])) ?? [];
    expect(highlights).toBe("- The one.");
    expect(notes([...fragments, marked])).toContain("## Added\n\n- A thing.");
  });

  test("name every version and chart that the code knows", () => {
    const all = [K3S_CREATE_DEFAULT, ...CALICO_VERSIONS, ...SELDON_VERSIONS];
    for (const version of all) expect(supported).toContain(version);
    for (const { chart, version } of allCharts()) expect(supported).toContain(`| ${chart} | ${version} |`);
    expect(supported).not.toMatch(/undefined|\| \| {2}\|/);
  });

  test("show only commands that there are", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { scripts: object };
    const names = commandsOf(notes()).map(({ name }) => name);
    expect(names.filter((name) => !Object.hasOwn(scripts, name) && name !== "test")).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(["sbom", "plan", "validate", "drift"]));
  });
});
