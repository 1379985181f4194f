/**
 * What renovate.json would update. Renovate itself is not a dependency (it is larger than this project): what it does with
 * a custom manager is to apply `matchStrings` to the files of `managerFilePatterns`, and that is done here.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import {
  CALICO,
  CALICO_VERSIONS,
  CERT_MANAGER_VERSIONS,
  K3S_CREATE_DEFAULT,
  SELDON_VERSIONS,
  STRIMZI_KAFKA,
  STRIMZI_VERSIONS,
} from "../../config/compatibility";
import { DEFAULT_PROBE_IMAGE } from "../../config/schema-hosts";
import { KUBERNETES_MINOR, KUBERNETES_VERSION, TOOLS } from "../../sandbox/build/tool-table";
import { PROJECT_DIR } from "../../tools/plan/evaluate";

interface Manager {
  readonly description: string;
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
  readonly depNameTemplate?: string;
  readonly datasourceTemplate: string;
  readonly versioningTemplate?: string;
}
interface Rule {
  readonly matchPackageNames?: readonly string[];
  readonly matchManagers?: readonly string[];
  readonly matchDepTypes?: readonly string[];
  readonly matchDatasources?: readonly string[];
  readonly groupName?: string;
  readonly allowedVersions?: string;
  readonly enabled?: boolean;
}
interface Renovate {
  readonly ignorePaths: readonly string[];
  readonly gitlabci: { readonly managerFilePatterns: readonly string[] };
  readonly customManagers: readonly Manager[];
  readonly packageRules: readonly Rule[];
}

const textOf = (file: string): string => readFileSync(path.join(PROJECT_DIR, file), "utf8");
const renovate = JSON.parse(textOf("renovate.json")) as Renovate;

/** Every file that is looked at, relative to the project. */
const files = readdirSync(PROJECT_DIR, { withFileTypes: true })
  .filter(({ name }) => !["node_modules", ".git", ".cache", "charts", "delivery-out"].includes(name))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(path.join(PROJECT_DIR, entry.name), { recursive: true, encoding: "utf8" }).map((file) =>
          path.join(entry.name, file),
        )
      : [entry.name],
  );
const filesOf = (patterns: readonly string[]): string[] =>
  files.filter((file) => patterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(file)));

interface Found {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly datasource: string;
  /** Where the version stands in the file. */
  readonly from: number;
  readonly to: number;
}

function foundBy({ managerFilePatterns, matchStrings, depNameTemplate, datasourceTemplate }: Manager): Found[] {
  return filesOf(managerFilePatterns).flatMap((file) =>
    matchStrings.flatMap((pattern) =>
      [...textOf(file).matchAll(new RegExp(pattern, "gd"))].map((match) => {
        const [from = 0, to = 0] = match.indices?.groups?.["currentValue"] ?? [];
        return {
          file,
          name: depNameTemplate ?? match.groups?.["depName"] ?? "",
          version: match.groups?.["currentValue"] ?? "",
          datasource: datasourceTemplate,
          from,
          to,
        };
      }),
    ),
  );
}

const found = renovate.customManagers.flatMap(foundBy);
const versionsOf = (name: string, file?: string): string[] =>
  [
    ...new Set(
      found.filter((one) => one.name === name && (file ?? one.file) === one.file).map(({ version }) => version),
    ),
  ].sort();

describe("custom managers", () => {
  test.each(renovate.customManagers)("$description: finds a version in every file that it names", (manager) => {
    for (const pattern of manager.managerFilePatterns) {
      expect(filesOf([pattern])).toHaveLength(1);
      expect([pattern, foundBy({ ...manager, managerFilePatterns: [pattern] }).length]).not.toEqual([pattern, 0]);
    }
    for (const one of foundBy(manager)) {
      expect(one).toEqual({
        ...one,
        name: expect.stringMatching(/./) as string,
        version: expect.stringMatching(/^v?\d+\.\d+/) as string,
      });
    }
  });

  test.each(renovate.customManagers)("$description: needs nothing that RE2 lacks", ({ matchStrings }) => {
    // Look-around and back references; Renovate uses RE2 where it is installed.
    for (const pattern of matchStrings) expect(pattern).not.toMatch(/\(\?(=|!|<=|<!)|\\[1-9]|\\k/);
  });

  test.each<[string, readonly string[]]>([
    ["projectcalico/calico", CALICO_VERSIONS],
    ["tigera/operator", CALICO_VERSIONS.map((version) => CALICO[version].operator)],
    ["SeldonIO/seldon-core", SELDON_VERSIONS],
    ["k3s-io/k3s", [K3S_CREATE_DEFAULT]],
    ["cert-manager/cert-manager", CERT_MANAGER_VERSIONS],
    ["strimzi/strimzi-kafka-operator", STRIMZI_VERSIONS],
    ["apache/kafka", STRIMZI_VERSIONS.map((version) => STRIMZI_KAFKA[version])],
    ["k8s.io/kubernetes", [KUBERNETES_VERSION]],
  ])("%s is found in exactly the versions of the tables", (name, versions) => {
    expect(versionsOf(name)).toEqual([...versions].sort());
    const table = name === "k8s.io/kubernetes" ? "sandbox/build/tool-table.ts" : "config/compatibility.ts";
    expect(versionsOf(name, table)).toEqual([...versions].sort());
  });

  test("the image of probe pods is found with its name", () => {
    const [image] = found.filter(({ datasource }) => datasource === "docker");
    expect(`${image?.name}:${image?.version}`).toBe(DEFAULT_PROBE_IMAGE);
  });

  test("the version of K3s is read with its build", () => {
    const [, pattern = ""] =
      /^regex:(.*)$/.exec(
        renovate.customManagers.find(({ depNameTemplate }) => depNameTemplate === "k3s-io/k3s")?.versioningTemplate ??
          "",
      ) ?? [];
    expect(new RegExp(pattern).exec(K3S_CREATE_DEFAULT)?.groups).toMatchObject({ major: "1", build: "1" });
  });

  test("no version of a table is left out", () => {
    // Cases of the lab and of tests: made up, or what a cluster once had.
    const places =
      /^(config|components|checks|rollout|sandbox|tools|policy-pack|hosts|ssh|inprocess)\/.*\.ts$|^tests\/lab\/(tools|charts)\.ts$/;
    const missed = files
      .filter((file) => places.test(file))
      .flatMap((file) =>
        [...textOf(file).matchAll(/"(v?\d+\.\d+\.\d+(?:[-+][\w.]+)?)"/g)]
          .filter(({ index }) => !found.some((one) => one.file === file && one.from <= index + 1 && index + 1 < one.to))
          .map(([, version]) => `${file}: ${version}`),
      );
    expect(missed).toEqual([]);
  });
});

describe("Go modules", () => {
  const modules = files.filter((file) => path.basename(file) === "go.mod");

  /** Modules that a go.mod has for the tools that it names, with their versions. */
  function toolsOf(file: string): { module: string; version: string }[] {
    const text = textOf(file);
    const block = /^tool \(\n([^]*?)\n\)/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
    const tools = [...block, ...[...text.matchAll(/^tool (\S+\.\S+)$/gm)].map(([, tool = ""]) => tool)];
    const required = [...text.matchAll(/^\s*(?:require )?([\w.-]+\.[\w./-]+) (v\S+)/gm)].map(
      ([, module = "", version = ""]) => ({ module, version }),
    );
    return required.filter(({ module }) => tools.some((tool) => tool === module || tool.startsWith(`${module}/`)));
  }

  test("are not left out because of where they are", () => {
    expect(modules.length).toBeGreaterThanOrEqual(12);
    // The preset config:recommended leaves out tests and examples, unless the paths are said anew.
    expect(renovate.ignorePaths.filter((pattern) => !/node_modules|tests\/golden/.test(pattern))).toEqual([]);
  });

  test("have the version that the table names, which is updated in the same pull request", () => {
    const tables = new Map(
      found.filter(({ datasource }) => datasource === "go").map(({ name, version }) => [name, version]),
    );
    const pairs = modules.flatMap(toolsOf).filter(({ module }) => tables.has(module));
    expect(pairs.length).toBeGreaterThanOrEqual(TOOLS.length + 4);
    for (const { module, version } of pairs) expect([module, version]).toEqual([module, tables.get(module)]);
    expect(renovate.packageRules.find(({ matchDatasources }) => matchDatasources?.includes("go"))?.groupName).toMatch(
      /./,
    );
  });

  test("stay at the minor of the sandbox's Kubernetes", () => {
    const allowed = renovate.packageRules.filter(({ matchPackageNames }) =>
      matchPackageNames?.some((name) => name.startsWith("k8s.io/")),
    );
    expect(allowed.flatMap(({ allowedVersions }) => allowedVersions ?? [])).toEqual([
      `<1.${KUBERNETES_MINOR + 1}`,
      `<0.${KUBERNETES_MINOR + 1}`,
    ]);
  });
});

describe("groups", () => {
  const matches = (pattern: string, name: string): boolean =>
    pattern.endsWith("/**") ? name.startsWith(pattern.slice(0, -2)) : pattern === name;
  const { dependencies, devDependencies } = JSON.parse(textOf("package.json")) as Record<
    string,
    Record<string, string>
  >;
  const packages = Object.keys({ ...dependencies, ...devDependencies });

  test("name only packages that there are", () => {
    const modules = files
      .filter((file) => path.basename(file) === "go.mod")
      .map(textOf)
      .join("\n");
    const known = [...packages, ...found.map(({ name }) => name), "pulumi/pulumi"];
    const unknown = renovate.packageRules
      .flatMap(({ matchPackageNames }) => matchPackageNames ?? [])
      .filter(
        (pattern) => !known.some((name) => matches(pattern, name)) && !modules.includes(pattern.replace(/\*+$/, "")),
      );
    expect(unknown).toEqual([]);
  });

  test("hold back the engine at the version that the oldest Node runs", () => {
    const rule = renovate.packageRules.find(
      ({ allowedVersions, matchPackageNames }) =>
        allowedVersions !== undefined && matchPackageNames?.includes("@pulumi/pulumi"),
    );
    expect(rule?.allowedVersions).toBe(`<=${dependencies?.["@pulumi/pulumi"]}`);
    expect(versionsOf("pulumi/pulumi")).toEqual([dependencies?.["@pulumi/pulumi"]]);
    const inWorkflows = filesOf(["/^\\.github/workflows/.*\\.yml$/"]).flatMap((file) =>
      [...textOf(file).matchAll(/pulumi-version: (\S+)/g)].map(([, version]) => version),
    );
    expect(new Set(inWorkflows)).toEqual(new Set([dependencies?.["@pulumi/pulumi"]]));
  });

  test("pin actions and images of CI by what they are", () => {
    const pinned = renovate.packageRules
      .filter((rule) => "pinDigests" in rule)
      .flatMap(({ matchManagers }) => matchManagers ?? []);
    expect(pinned.sort()).toEqual(["devcontainer", "github-actions", "gitlabci"]);
    expect(filesOf(renovate.gitlabci.managerFilePatterns)).toEqual(["docs/examples/gitlab-ci.yml"]);
  });
});
