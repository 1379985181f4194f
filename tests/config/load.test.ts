import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "../../config/faults";
import { type LoadedConfig, loadConfig } from "../../config/load";
import { PlanEngine } from "../../inprocess/plan-engine";
import { runProgram } from "../../inprocess/run-program";
import { KAFKA, changed, soundConfig } from "./cases/case";

const SWITCHED_OFF = { "pulumi:disable-default-providers": '["kubernetes"]' };

interface Given {
  readonly config?: Record<string, unknown>;
  readonly other?: Record<string, string>;
  readonly secretKeys?: string[];
}

/** What the program sees of a configuration. */
async function load({ config = soundConfig(), other = SWITCHED_OFF, secretKeys = [] }: Given = {}) {
  let loaded: LoadedConfig | undefined;
  let secrets: Record<string, { value: string; secret: boolean }> = {};
  const program = async () => {
    loaded = loadConfig();
    const entries = Object.entries(loaded.secrets).map(async ([key, output]) => {
      const value = await new Promise<string>((resolve) => output.apply(resolve));
      return [key, { value, secret: await pulumi.isSecret(output) }] as const;
    });
    secrets = Object.fromEntries(await Promise.all(entries));
  };
  const engine = new PlanEngine();
  await runProgram({ project: "seldon-k3s", stack: "test", preview: true, config, other, secretKeys, engine, program });
  return { loaded, secrets };
}

/** The error that loading ends with. */
async function refusal(given: Given): Promise<ConfigError> {
  try {
    await load(given);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("was loaded");
}

test("a sound configuration is loaded with its defaults", async () => {
  const { loaded, secrets } = await load();
  expect(loaded).toMatchObject({ stack: "test", config: { seldon: { namespace: "financial-ml" }, protect: true } });
  expect(secrets).toEqual({});
});

test("secrets stay secret Outputs, apart from the configuration", async () => {
  const config = { ...changed({ "seldon.profile": "pipelines", "seldon.kafka": KAFKA }), kafkaPassword: "hunter2" };
  const { loaded, secrets } = await load({ config, secretKeys: ["kafkaPassword"] });
  expect(secrets).toEqual({ kafkaPassword: { value: "hunter2", secret: true } });
  expect(JSON.stringify(loaded?.config)).not.toContain("hunter2");
});

test("the empty defaults of Pulumi.yaml mean absent", async () => {
  const { loaded, secrets } = await load({ config: { ...soundConfig(), k3sToken: "", kafkaPassword: "", k3s: {} } });
  expect(secrets).toEqual({});
  expect(loaded?.config.k3s.datastore).toBe("etcd");
});

test("every fault is in one RunError, which Pulumi prints without a stack trace", async () => {
  const error = await refusal({ config: changed({ "network.podMtu": 1500, protect: "yes" }) });
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(error.message).toMatch(
    /^2 faults in the configuration of stack "test":\n- protect: .+\n- network\.podMtu: .+$/,
  );
});

test.each([
  ["absent", {}],
  ["empty", { "pulumi:disable-default-providers": "[]" }],
  ["for another package", { "pulumi:disable-default-providers": '["aws"]' }],
])("the default Kubernetes provider must be off: %s", async (_, other) => {
  const error = await refusal({ other });
  expect(error.faults).toMatchObject([{ rule: "cluster.default-provider", path: "pulumi:disable-default-providers" }]);
});

test("all default providers may be off", async () => {
  await expect(load({ other: { "pulumi:disable-default-providers": '["*"]' } })).resolves.toBeDefined();
});

test("a secret in clear is refused without being shown", async () => {
  const error = await refusal({ config: { ...soundConfig(), k3sToken: "hunter2" } });
  expect(error.faults).toMatchObject([{ rule: "secrets.in-clear", path: "k3sToken" }]);
  expect(error.message).not.toContain("hunter2");
});

test("an encrypted value elsewhere is refused without being shown, whatever else is wrong with it", async () => {
  const config = changed({ "seldon.smokeModel.name": "Hunter 2", "network.podMtu": 1500 });
  const error = await refusal({ config, secretKeys: ["seldon"] });
  expect(error.faults.map(({ rule, path }) => `${rule} ${path}`)).toEqual(["secrets.misplaced seldon"]);
  expect(error.message).not.toContain("Hunter");
});
