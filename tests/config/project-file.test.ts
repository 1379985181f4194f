import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import { SERVER_CAPABILITIES } from "../../config/compatibility";
import { formatFault } from "../../config/faults";
import { parseConfig } from "../../config/parse";
import { SECRET_KEYS, stackSchema } from "../../config/schema";
import { listStacks, readStackFile } from "../../config/stack-file";

const ROOT = path.resolve(__dirname, "../..");
const FIXTURES = path.join(ROOT, "tests/stacks");

interface Declaration {
  type?: string;
  description?: string;
  secret?: boolean;
  default?: unknown;
  value?: unknown;
}

const readYaml = (file: string): Record<string, unknown> => load(readFileSync(file, "utf8")) as Record<string, unknown>;

const project = readYaml(path.join(ROOT, "Pulumi.yaml")) as { config: Record<string, Declaration> };
const declared = Object.entries(project.config).filter(([key]) => !key.includes(":"));
const sections = Object.entries(stackSchema.shape);

describe("Pulumi.yaml", () => {
  test("declares the schema's keys, in the same order, then the secrets", () => {
    expect(declared.map(([key]) => key)).toEqual([...Object.keys(stackSchema.shape), ...Object.keys(SECRET_KEYS)]);
  });

  test.each(sections)("describes %s as the schema does", (key, schema) => {
    const declaration = project.config[key]!;
    expect(declaration.description).toBe(schema.description);
    expect(declaration.type).toBe(key === "protect" ? "boolean" : "object");
    // Optional here exactly when it is optional there.
    expect(declaration.default !== undefined).toBe(z.safeParse(schema, undefined).success);
  });

  test("its defaults are the schema's", () => {
    expect(project.config["protect"]?.default).toBe(stackSchema.shape.protect.parse(undefined));
    const objects = declared.filter(([, { type, default: value }]) => type === "object" && value !== undefined);
    expect(objects.map(([, declaration]) => declaration.default)).toEqual(objects.map(() => ({})));
  });

  // The CLI refuses a typed secret that is absent, and one with a default, which is not encrypted.
  test.each(Object.entries(SECRET_KEYS))("describes the secret %s and leaves it optional", (key, description) => {
    expect(project.config[key]).toEqual({ description, secret: true, default: "" });
  });

  test("switches the default Kubernetes provider off for every stack", () => {
    expect(project.config["pulumi:disable-default-providers"]).toEqual({ value: ["kubernetes"] });
  });

  test("names runtime, compiler settings and CLI", () => {
    expect(project).toMatchObject({
      name: "seldon-k3s",
      runtime: {
        name: "nodejs",
        options: { typescript: true, tsconfig: "tsconfig.pulumi.json", packagemanager: "npm" },
      },
      requiredPulumiVersion: ">=3.226.0",
    });
    expect(existsSync(path.join(ROOT, "tsconfig.pulumi.json"))).toBe(true);
  });
});

const stackFiles = [
  ...listStacks(ROOT).map((stack) => ({ stack, file: path.join(ROOT, `Pulumi.${stack}.yaml`) })),
  ...listStacks(FIXTURES).map((stack) => ({ stack, file: path.join(FIXTURES, `Pulumi.${stack}.yaml`) })),
];

test("the stacks that the documentation speaks of exist", () => {
  expect(listStacks(ROOT)).toEqual(["dev", "prod", "sandbox", "staging"]);
  expect(listStacks(FIXTURES)).toEqual([
    "calico-332",
    "calico-ebpf",
    "calico-hardened",
    "calico-nftables",
    "edge-istio",
    "edge-traefik",
    "hardened",
    "leaving-calico",
    "leaving-flannel",
    "observability",
    "pipelines",
    "scrape-annotations",
    "staged-policies",
    "taken-over",
    "tenants",
    "tiers",
  ]);
});

describe.each(stackFiles)("stack $stack", ({ stack, file }) => {
  const read = readStackFile(ROOT, stack, file);
  const { config, faults } = parseConfig(read.values, new Set(read.secretKeys));

  test("is sound", () => {
    expect(faults.map(formatFault)).toEqual([]);
  });

  test("holds only what differs from the defaults", () => {
    const section = (readYaml(file)["config"] ?? {}) as Record<string, unknown>;
    const idle = Object.keys(section).filter((key) => {
      const without = { ...read.values };
      delete without[key.replace("seldon-k3s:", "")];
      const { config: same } = parseConfig(without, new Set(read.secretKeys));
      return JSON.stringify(same) === JSON.stringify(config);
    });
    expect(idle.filter((key) => !(key.replace("seldon-k3s:", "") in SECRET_KEYS))).toEqual([]);
  });

  test("has its keys in the schema's order", () => {
    const keys = Object.keys(readYaml(file)["config"] ?? {}).map((key) => key.replace("seldon-k3s:", ""));
    const order = declared.map(([key]) => key);
    expect(keys).toEqual([...keys].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
  });

  test("uses addresses and names for documentation only (RFC 5737, RFC 2606)", () => {
    const text = readFileSync(file, "utf8");
    const outside = [...text.matchAll(/\b\d+\.\d+\.\d+\.\d+\b/g)]
      .map(([address]) => address)
      .filter((address) => !/^(192\.0\.2|198\.51\.100|203\.0\.113)\.|^10\.|^127\.0\.0\.1$/.test(address));
    expect(outside).toEqual([]);
    expect(config?.cluster.uid).toMatch(/^00000000-0000-4000-8000-/);
  });
});

test("the environments are as designed", () => {
  const shape = Object.fromEntries(
    listStacks(ROOT).map((stack) => {
      const { values, secretKeys } = readStackFile(ROOT, stack);
      const { config } = parseConfig(values, new Set(secretKeys));
      const hosts =
        config?.hosts && `${config.hosts.servers.length}+${config.hosts.agents.length} ${config.k3s.datastore}`;
      return [stack, [hosts ?? "existing", config?.seldon.namespace, config?.protect]];
    }),
  );
  expect(shape).toEqual({
    dev: ["existing", "seldon-dev", false],
    staging: ["1+1 sqlite", "financial-ml", true],
    prod: ["3+2 etcd", "financial-ml", true],
    sandbox: ["existing", "financial-ml", false],
  });
});

describe("capabilities of servers", () => {
  const upstream = path.resolve(ROOT, "../shared/upstream");
  const versions = ["2.9.1", "2.10.2"].map(
    (version) => [version, path.join(upstream, `seldon-core-v${version}`)] as const,
  );
  for (const [version, folder] of versions) {
    const file = path.join(folder, "setup.values.yaml");
    (existsSync(file) ? test : test.skip)(`are those of the setup chart ${version} (needs ../shared/upstream)`, () => {
      const { serverConfig } = readYaml(file) as { serverConfig: Record<string, { serverCapabilities: string }> };
      for (const [name, capabilities] of Object.entries(SERVER_CAPABILITIES)) {
        expect(serverConfig[name]?.serverCapabilities.split(",")).toEqual(capabilities);
      }
    });
  }
});
