/** What a forge and an editor read of this repository: forms, owners, the dev container. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { commandsOf } from "../docs/pages";

const textOf = (file: string): string => readFileSync(path.join(PROJECT_DIR, file), "utf8");
const { scripts, engines } = JSON.parse(textOf("package.json")) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
};

interface Element {
  readonly type: string;
  readonly id?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly validations?: Readonly<Record<string, unknown>>;
}
interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly Element[];
}

/**
 * What GitHub's form schema allows (docs.github.com "Syntax for GitHub's form schema" and "Syntax for issue forms", 2026-11).
 * A form with a fault is not shown, and nobody is told.
 */
const TOP = ["name", "description", "body", "assignees", "labels", "title", "type", "projects"];
const ATTRIBUTES: Readonly<Record<string, { readonly needs: string; readonly may: readonly string[] }>> = {
  markdown: { needs: "value", may: [] },
  textarea: { needs: "label", may: ["description", "placeholder", "value", "render"] },
  input: { needs: "label", may: ["description", "placeholder", "value"] },
  dropdown: { needs: "label", may: ["description", "multiple", "options", "default"] },
  checkboxes: { needs: "label", may: ["description", "options"] },
};

const FORMS = ".github/ISSUE_TEMPLATE";
const forms = readdirSync(path.join(PROJECT_DIR, FORMS)).filter((file) => file !== "config.yml");

describe.each(forms)("the form %s", (file) => {
  const form = load(textOf(path.join(FORMS, file))) as Form;

  test("has what a form must have, and nothing that GitHub does not know", () => {
    expect(Object.keys(form).filter((key) => !TOP.includes(key))).toEqual([]);
    expect([form.name, form.description].every((text) => typeof text === "string" && text.length > 3)).toBe(true);
    expect(form.body.some(({ type }) => type !== "markdown")).toBe(true);
    for (const { type, attributes, validations = {} } of form.body) {
      const known = ATTRIBUTES[type];
      expect([type, known === undefined]).toEqual([type, false]);
      expect(typeof attributes[known?.needs ?? ""]).toBe("string");
      expect(Object.keys(attributes).filter((key) => key !== known?.needs && !known?.may.includes(key))).toEqual([]);
      expect(Object.keys(validations).filter((key) => key !== "required")).toEqual([]);
      if ("options" in attributes) expect((attributes["options"] as unknown[]).length).toBeGreaterThan(0);
    }
  });

  test("names each answer once", () => {
    const ids = form.body.flatMap(({ id }) => id ?? []);
    const labels = form.body.flatMap(({ attributes }) => attributes["label"] ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(labels).size).toBe(labels.length);
    expect(ids.filter((id) => !/^[\w-]+$/.test(id))).toEqual([]);
  });

  test("shows commands that there are", () => {
    const unknown = commandsOf(textOf(path.join(FORMS, file))).filter(({ name }) => !Object.hasOwn(scripts, name));
    expect(unknown).toEqual([]);
  });
});

test("the template of pull requests and the page about security show commands that there are", () => {
  for (const file of [".github/PULL_REQUEST_TEMPLATE.md", "SECURITY.md"]) {
    const named = commandsOf(textOf(file));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ name }) => !Object.hasOwn(scripts, name))).toEqual([]);
  }
});

test("the example of owners names what there is", () => {
  const lines = textOf(".github/CODEOWNERS.example")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const paths = lines.map((line) => line.split(/\s+/)[0] ?? "").filter((pattern) => pattern !== "*");
  expect(paths.filter((pattern) => !existsSync(path.join(PROJECT_DIR, pattern)))).toEqual([]);
  expect(lines.filter((line) => !/^\S+( +@[\w-]+\/[\w-]+)+$/.test(line))).toEqual([]);
});

describe("the dev container", () => {
  const container = JSON.parse(textOf(".devcontainer/devcontainer.json")) as {
    readonly image: string;
    readonly features: Readonly<Record<string, { readonly version: string }>>;
    readonly postCreateCommand: string;
  };

  test("has the newest Node and the Go of CI", () => {
    const ci = textOf(".github/workflows/ci.yml");
    const [, nodes = ""] = /node: \[(.*)\]/.exec(ci) ?? [];
    const newest = nodes.split(", ").at(-1)?.replaceAll('"', "");
    expect(container.image).toMatch(new RegExp(`typescript-node:${newest}-`));
    expect(Object.values(container.features).map(({ version }) => version)).toEqual([
      /go-version: "(.*)"/.exec(ci)?.[1],
    ]);
    expect(Number(newest)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
  });

  test("starts a program that there is", () => {
    const { mode } = statSync(path.join(PROJECT_DIR, container.postCreateCommand));
    expect(mode & 0o111).not.toBe(0);
  });
});

test("the page about security says what each part can do to each other one", () => {
  const [, heads = "", body = ""] =
    /\| in wrong hands \|(.*)\|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(textOf("SECURITY.md")) ?? [];
  const cellsOf = (row: string): string[] => row.split("|").map((cell) => cell.trim());
  expect(cellsOf(heads)).toEqual(["the state file", "the CI identity", "the hosts", "the cluster"]);
  const table = body.trim().split("\n");
  for (const head of ["state file", "CI identity", "host", "cluster"]) {
    expect(table.filter((row) => row.split("|")[1]?.includes(head)).length).toBeGreaterThan(0);
  }
  for (const row of table) expect(cellsOf(row).filter(Boolean)).toHaveLength(5);
});
