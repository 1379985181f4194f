/**
 * The real Pulumi engine with markers for secrets: its state, previews, outputs, messages and logs show none. Skipped where the CLI
 * and its plugins are not on PATH.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { previewComment } from "../../delivery/preview/comment";
import { readPreview } from "../../delivery/preview/preview";
import { recordOf } from "../../delivery/preview/record";
import { missingPrograms } from "../../sandbox/engine/choose";
import { openValues, secretValues, STACK, withoutMachines } from "../secrets/fixture";
import { ALL_MARKERS } from "../secrets/inputs";
import type { Marker } from "../secrets/marker";
import { type Artifact, leaksIn, leaksOf } from "../secrets/scanner";
import { EngineCluster, type EngineResult, PASSPHRASE } from "./support/engine-cluster";

jest.setTimeout(900_000);

const missing = missingPrograms(process.env);
const withCli = missing.length === 0 ? describe : describe.skip;

const passphrase: Marker = { input: "environment: PULUMI_CONFIG_PASSPHRASE", core: PASSPHRASE, value: PASSPHRASE };
const leaks = (artifacts: readonly Artifact[]): string[] => leaksOf(artifacts, [...ALL_MARKERS, passphrase]);

const said = (name: string, { stdout, stderr }: EngineResult): Artifact[] => [
  { name: `${name}, standard output`, text: stdout },
  { name: `${name}, standard error`, text: stderr },
];

/** Files that the engine left below a folder. */
const filesIn = (folder: string): Artifact[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ name: `state, ${name}`, text: readFileSync(join(parentPath, name), "utf8") }));

const logs = (level: number): string[] => ["--logtostderr", "--logflow", `-v=${level}`];
/** The most that .ci/deliver allows; the next level shows values (tried with 3.259.0). */
const HIGHEST = 2;
const LOGS = logs(HIGHEST);

withCli(`with the Pulumi CLI and its plugins (not on PATH: ${missing.join(", ") || "none"})`, () => {
  let world: EngineCluster;
  beforeAll(async () => (world = await EngineCluster.start(STACK)));
  afterAll(() => world?.stop());

  test("a deployment: previews, logs, state, outputs, and a failure that the API server explains", async () => {
    const { values, secrets } = withoutMachines();
    await world.init(values, secrets);
    const pack = ["--policy-pack", "policy-pack"];
    const json = world.expectDone(await world.runStack(["preview", "--json", ...pack]));
    const preview = readPreview(json.stdout, STACK);
    const record = recordOf(preview.summary, {
      commit: "1".repeat(40),
      configDigest: "c".repeat(64),
      at: "x",
      program: "0",
    });
    const up = await world.runStack(["up", "--yes", "--skip-preview", "--suppress-progress", ...pack, ...LOGS]);
    world.expectDone(up);
    const artifacts = [
      ...said("preview --json", json),
      { name: "preview comment", text: previewComment(preview, { record }) },
      { name: "record", text: JSON.stringify(record) },
      ...said("up with logs", up),
      ...said("preview --diff", await world.runStack(["preview", "--refresh", "--diff", ...LOGS])),
      ...said("refresh", await world.runStack(["refresh", "--preview-only", "--diff"])),
      ...said("stack export", await world.run(["stack", "export"])),
      ...said("stack output", await world.run(["stack", "output", "--json"])),
      ...said("config", await world.runStack(["config"])),
      ...filesIn(world.stateFolder),
    ];
    // The control: the secrets are in the cluster, and the state holds them encrypted.
    const deployed = await world.cluster.client.get("/api/v1/namespaces/financial-ml/secrets/seldon-kafka-sasl");
    const found = leaksIn({ name: "cluster", text: JSON.stringify(deployed) }, ALL_MARKERS).map(({ input }) => input);
    expect(found).toEqual(["configuration: kafkaPassword"]);
    expect(artifacts.find(({ name }) => name.startsWith("stack export"))?.text).toContain("ciphertext");
    expect(leaks(artifacts)).toEqual([]);

    // Somebody makes the Secret immutable: the next change of the password is refused by the API server, which names the object.
    await world.cluster.client.apply(
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "seldon-kafka-sasl", namespace: "financial-ml" },
        immutable: true,
      },
      { fieldManager: "somebody" },
    );
    await world.setSecret("kafkaPassword", `${secrets["kafkaPassword"]}-changed`);
    const refused = [
      ...said("preview of a change that is refused", await world.runStack(["preview", "--json"])),
      ...said("up that is refused", await world.runStack(["up", "--yes", "--skip-preview", "--diff", ...LOGS])),
    ];
    expect(leaks(refused)).toEqual([]);
  });

  test("wrong contents of secrets, and every secret of a stack with machines in a preview", async () => {
    const machines = EngineCluster.beside(world, "machines");
    await machines.init(openValues(), secretValues());
    const preview = machines.expectDone(await machines.runStack(["preview", "--json", ...LOGS]));
    expect(preview.stdout).toContain("k3s-server-1-token");
    const artifacts = said("preview with machines", preview);
    // The control: one level more, and the engine writes values of Secrets.
    const above = await machines.runStack(["preview", ...logs(HIGHEST + 1)]);
    expect(leaks(said("one level more", above))).not.toEqual([]);
    for (const key of ["storageCredentials", "calicoPullSecret"]) {
      await machines.setSecret(key, `no JSON: ${secretValues()[key]}`);
      const failed = await machines.runStack(["preview", ...LOGS]);
      expect(failed.code).not.toBe(0);
      artifacts.push(...said(`preview with a wrong ${key}`, failed));
    }
    expect(leaks(artifacts)).toEqual([]);
  });
});
