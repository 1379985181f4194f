/**
 * The whole take-over with the real Pulumi engine, from a cluster that people made by hand to one that the stack owns.
 * Skipped where the CLI and its plugins are not on PATH.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execute } from "../../sandbox/engine/command";
import { missingPrograms } from "../../sandbox/engine/choose";
import { runAdopt } from "../../tools/adopt/command";
import { saidBy } from "../support/command-io";
import { type GrownCluster, NAMESPACE, POLICIES, SERVERS, STACK, startGrownCluster } from "./support/grown-cluster";
import { PROJECT } from "./support/sandbox-process";

jest.setTimeout(900_000);

const missing = missingPrograms(process.env);
const withCli = missing.length === 0 ? describe : describe.skip;

interface Preview {
  readonly changeSummary: Readonly<Record<string, number>>;
  readonly steps: readonly { readonly op: string; readonly urn: string }[];
}

interface ServerObject {
  readonly metadata: { readonly generation: number; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly podSpec: { readonly hostNetwork?: boolean; readonly containers: readonly object[] } };
}

withCli(`with the Pulumi CLI and its plugins (not on PATH: ${missing.join(", ") || "none"})`, () => {
  let cluster: GrownCluster;
  let config: string;

  beforeAll(async () => {
    cluster = await startGrownCluster(true);
  });

  afterAll(() => cluster?.stop());

  async function pulumi(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await execute({
      program: "pulumi",
      args: [...args, "--stack", STACK, "--non-interactive"],
      cwd: PROJECT,
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${cluster.run.folder("state")}`,
        PULUMI_HOME: cluster.run.folder("pulumi-home"),
        PULUMI_CONFIG_PASSPHRASE: "of-a-test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      },
      signal: new AbortController().signal,
      onLine: () => undefined,
    });
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${stdout.slice(-4000)}\n${stderr}`);
    return stdout;
  }

  const change = (...args: string[]): Promise<string> =>
    pulumi(...args, "--config-file", config, "--yes", "--skip-preview", "--color", "never");

  async function preview(): Promise<Preview> {
    return JSON.parse(await pulumi("preview", "--json", "--config-file", config)) as Preview;
  }

  /** A stack file of its own for the engine, which writes its passphrase's salt into it. */
  function useStackFile(overrides: Readonly<Record<string, object>>): void {
    config = join(cluster.run.folder("engine"), `Pulumi.${STACK}.yaml`);
    copyFileSync(cluster.stackFile(overrides), config);
  }

  const server = async (): Promise<ServerObject> => (await cluster.read<ServerObject>(`${SERVERS}/mlserver`))!;

  const adopt = (...more: string[]) =>
    saidBy(runAdopt, [STACK, "--config-file", config, "--out", cluster.run.file("import"), ...more]);

  test("after the import nothing is replaced or deleted, the first up keeps the workarounds, the step takes them away", async () => {
    // On Flannel, where policies of a namespace that was taken over are absent until they are enforced.
    const cni = { provider: "flannel" };
    useStackFile({ cni });
    mkdirSync(dirname(config), { recursive: true });
    writeFileSync(join(dirname(config), "Pulumi.yaml"), JSON.stringify({ name: "seldon-k3s", runtime: "nodejs" }));
    await pulumi("stack", "init", "--cwd", dirname(config));
    const { importFiles } = JSON.parse((await adopt("--json")).stdout) as { importFiles: string[] };
    const bring = async (): Promise<void> => {
      for (const file of importFiles) {
        await change("import", "--file", file, "--protect=false", "--generate-code=false");
      }
    };
    await bring();
    // Interrupted or in doubt: the same again.
    await bring();

    const first = await preview();
    expect(Object.keys(first.changeSummary).sort()).toEqual(["create", "same", "update"]);
    const updated = first.steps.filter(({ op }) => op === "update").map(({ urn }) => urn.split("::").at(-1));
    expect(updated.sort()).toEqual([
      "cluster",
      "namespaces",
      `namespaces-${NAMESPACE}`,
      "seldon",
      "seldon-crds",
      `seldon-runtime-${NAMESPACE}`,
      `seldon-server-${NAMESPACE}-mlserver`,
      "seldon-setup",
      "seldon-smoke-model",
    ]);

    const { metadata, spec } = await server();
    await change("up");
    const after = await server();
    expect(after.spec).toEqual(spec);
    // A changed generation would have made its pods anew.
    expect(after.metadata.generation).toBe(metadata.generation);
    expect(after.metadata.labels).toEqual({ "app.kubernetes.io/managed-by": "seldon-k3s" });
    const settled = await adopt();
    expect(settled.stdout).toContain("No import files: nothing is to take over.");
    expect(settled.code).toBe(0);

    const policies = async (): Promise<readonly string[]> =>
      (await cluster.client.list(POLICIES)).map(({ metadata: { name } }) => name);
    expect(await policies()).toEqual(["allow-all"]);

    // Nothing takes the place of the policy yet.
    const removed = await adopt("--remove-workarounds", "--yes");
    expect(removed.stdout).toMatch(/^DONE +Server .*\n.*\nREFUSED +NetworkPolicy /m);
    expect((await server()).spec.podSpec.hostNetwork).toBeUndefined();

    useStackFile({
      cni,
      cluster: { takeOver: undefined as unknown as object },
      policies: { enforce: true },
      seldon: { podSecurity: "baseline" },
    });
    const last = await preview();
    expect(last.changeSummary).not.toHaveProperty("replace");
    expect(last.changeSummary).not.toHaveProperty("delete");
    await change("up");
    expect((await server()).spec.podSpec).toEqual({
      containers: [
        { name: "mlserver", resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { memory: "1Gi" } } },
      ],
    });
    await pulumi("preview", "--refresh", "--expect-no-changes", "--config-file", config);
    expect(await policies()).toEqual(expect.arrayContaining(["allow-all", "default-deny"]));
    expect((await adopt("--remove-workarounds", "--yes")).stdout).toMatch(/^DONE +NetworkPolicy /m);
    expect(await policies()).not.toContain("allow-all");
  });
});
