/** No secret comes in without a marker: the tables of this folder against the schema, the project file and the code. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import { SECRET_KEYS, stackSchema } from "../../config/schema";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { planYaml } from "../../tools/plan/document";
import { evaluate } from "../../tools/plan/evaluate";
import { revealSecrets } from "../../inprocess/secrets";
import { ALL_MARKERS, ENVIRONMENT, OTHER_INPUTS, SECRET_CONFIG } from "./inputs";
import { plantedStack } from "./fixture";
import { leaksIn } from "./scanner";

// Whole programs run here; none of these tests is about time.
jest.setTimeout(300_000);

const text = (...parts: string[]): string => readFileSync(join(PROJECT_DIR, ...parts), "utf8");

test("every secret key of the configuration has a marker, and Pulumi.yaml declares the same keys as secrets", () => {
  expect(Object.keys(SECRET_CONFIG).sort()).toEqual(Object.keys(SECRET_KEYS).sort());
  const project = load(text("Pulumi.yaml")) as { config: Record<string, { secret?: boolean }> };
  const declared = Object.entries(project.config).flatMap(([key, { secret }]) => (secret === true ? [key] : []));
  expect(declared.sort()).toEqual(Object.keys(SECRET_KEYS).sort());
});

/** Keys of the open part whose name sounds like a secret, and what they hold. */
const SOUNDS_SECRET: Readonly<Record<string, string>> = {
  "k3s.secretsEncryption": "whether K3s encrypts Secrets",
  "calico.imagePullSecrets": "names of Secrets",
  "hosts.servers.hostKey": "a public key",
  "hosts.agents.hostKey": "a public key",
  "hosts.ssh.bastion.hostKey": "a public key",
  "hosts.backup.s3.kmsKeyId": "the name of a key",
  "ingress.tls.secretName": "the name of a Secret",
  "seldon.kafka.brokerCaSecret": "the name of a Secret",
  "seldon.servers.tolerations.key": "the key of a taint",
  "seldon.tenants.servers.tolerations.key": "the key of a taint",
};

/** Paths of all keys below a schema, lists and defaults looked through. */
function keysOf(schema: z.core.$ZodType, path: readonly string[] = []): string[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Record<string, z.core.$ZodType>).flatMap(([key, child]) => [
      [...path, key].join("."),
      ...keysOf(child, [...path, key]),
    ]);
  }
  if (schema instanceof z.ZodArray) return keysOf(schema.element, path);
  if (schema instanceof z.ZodUnion || schema instanceof z.ZodDiscriminatedUnion) {
    return [...new Set(schema.options.flatMap((option) => keysOf(option, path)))];
  }
  if (schema instanceof z.ZodPipe) return keysOf(schema.in, path);
  const wrapped = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wrapped ? keysOf(schema.unwrap(), path) : [];
}

test("no open key holds a secret: each that sounds like one is known for what it is", () => {
  const keys = keysOf(stackSchema);
  expect(keys).toContain("hosts.ssh.bastion.hostKey");
  const sounding = keys.filter((key) =>
    /password|passwd|token|secret|credential|key(Id)?$|auth$/i.test(key.split(".").at(-1) ?? ""),
  );
  expect(sounding.sort()).toEqual(Object.keys(SOUNDS_SECRET).sort());
});

const CODE = [
  "checks",
  "components",
  "config",
  "delivery",
  "inprocess",
  "policy-pack",
  "rollout",
  "sandbox",
  "ssh",
  "tools",
];

/** The project's own programs. */
function sources(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(PROJECT_DIR, folder)).flatMap((name) => {
      const path = join(folder, name);
      if (statSync(join(PROJECT_DIR, path)).isDirectory()) return name === "node_modules" ? [] : inFolder(path);
      return /\.(ts|mjs|cjs)$/.test(name) ? [path] : [];
    });
  return ["index.ts", ...CODE.flatMap(inFolder)].map((path) => text(path));
}

/** What every process has, and what only tests and the build of tools look at. */
const PLAIN = new Set([
  "PATH",
  "PWD",
  "HOME",
  "XDG_CACHE_HOME",
  "KUBEBUILDER_ASSETS",
  "LAB_FULL",
  "NO_COLOR",
  "CI",
  "TERM",
  "BASH_REMATCH",
]);
const matches = (source: string, pattern: RegExp): string[] =>
  [...source.matchAll(pattern)].map(([, name = ""]) => name);

test("every variable of the environment that is read is known, as a secret or as none", () => {
  const code = sources().flatMap((source) => [
    ...matches(source, /\benv\??\.([A-Z][A-Z0-9_]+)/g),
    ...matches(source, /\benv\??\.?\["([A-Z][A-Z0-9_]+)"\]/g),
    // Tables of what a backend needs.
    ...matches(source, /"((?:AWS|AZURE|GOOGLE|PG|VAULT)[A-Z0-9_]+)"/g),
    ...matches(source, /\{([^{}]*)\} = process\.env/g).flatMap((names) => matches(names, /\b([A-Z][A-Z0-9_]+)\b/g)),
  ]);
  const script = matches(text(".ci/deliver"), /\$\{?([A-Z][A-Z0-9_]+)/g);
  const workflows = readdirSync(join(PROJECT_DIR, ".github/workflows")).flatMap((name) =>
    matches(text(".github/workflows", name), /\bsecrets\.([A-Z0-9_]+)/g),
  );
  expect(workflows.length).toBeGreaterThan(0);
  const unknown = [...code, ...script, ...workflows].filter((name) => !(name in ENVIRONMENT) && !PLAIN.has(name));
  expect([...new Set(unknown)].sort()).toEqual([]);
  expect(workflows.filter((name) => ENVIRONMENT[name] !== "secret")).toEqual([]);
});

test("every other input is planted by a test of this folder", () => {
  const tests = readdirSync(__dirname).filter((name) => name.endsWith(".test.ts"));
  const planted = tests.map((name) => readFileSync(join(__dirname, name), "utf8")).join("\n");
  expect(OTHER_INPUTS.filter((input) => !planted.includes(`markerFor("${input}")`))).toEqual([]);
});

test("the fixture puts every secret of the configuration into something that is deployed", async () => {
  const evaluations = [await evaluate(plantedStack("external")), await evaluate(plantedStack("strimzi"))];
  const deployed = evaluations.map(({ resources }) =>
    JSON.stringify(revealSecrets(resources.map(({ inputs }) => inputs))),
  );
  const artifact = { name: "what is deployed", text: deployed.join("\n") };
  const found = leaksIn(artifact, ALL_MARKERS).map(({ input }) => input);
  expect(found.sort()).toEqual(
    Object.keys(SECRET_KEYS)
      .map((key) => `configuration: ${key}`)
      .sort(),
  );
  for (const evaluation of evaluations) expect(planYaml(evaluation)).toContain("[secret]");
});
