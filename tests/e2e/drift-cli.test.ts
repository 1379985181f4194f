/**
 * Drift as `npm run drift` and as the real engine see it, on a sandbox of that engine: both find nothing where nobody did
 * anything; the engine's exit codes are those that `.ci/deliver drift` goes by. Skipped where the CLI is not on PATH.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLI_PROGRAMS, missingPrograms } from "../../sandbox/engine/choose";
import { INJECTIONS } from "./support/drift-injections";
import { CLEAN, drift } from "./support/drift-run";
import { KeptSandbox, STACK } from "./support/kept-sandbox";
import { PROJECT } from "./support/sandbox-process";

jest.setTimeout(900_000);

const RUNS = 10;

/** The reports' own commands are run too. */
const withoutCli = missingPrograms(process.env, [...CLI_PROGRAMS, "kubectl"]);
const withCli = withoutCli.length === 0 ? describe : describe.skip;

/** What `.ci/deliver drift` asks the engine, word for word. */
function refreshFlags(): string[] {
  const script = readFileSync(join(PROJECT, ".ci/deliver"), "utf8");
  const line = /pulumi refresh --stack "\$stack" (.*)\\\n/.exec(script)?.[1] ?? "";
  expect(line).toContain("--preview-only --expect-no-changes");
  return line.trim().split(" ");
}

withCli(`a sandbox of the real engine (not on PATH: ${withoutCli.join(", ") || "none"})`, () => {
  let sandbox: KeptSandbox;

  beforeAll(async () => {
    sandbox = await KeptSandbox.start("cli");
  });

  afterAll(() => sandbox?.stop());

  const pulumi = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    sandbox.run("pulumi", [...words, "--stack", STACK, "--config-file", sandbox.configFile, "--non-interactive"], env);
  const refresh = async (env?: NodeJS.ProcessEnv): Promise<unknown> =>
    (await pulumi(["refresh", ...refreshFlags().filter((word) => word !== "--non-interactive")], env)).code;

  test(`nothing is found in ${RUNS} runs, and by the engine neither`, async () => {
    for (let run = 0; run < RUNS; run += 1) {
      const { code, classes, bad } = await drift(sandbox);
      expect({ code, classes, bad }).toEqual(CLEAN);
    }
    expect(await refresh()).toBe(0);
  });

  const named = (...injected: string[]) => INJECTIONS.filter((one) => injected.includes(one.injected));

  test.each(named("a Server is scaled from 1 replica to 3", "the NetworkPolicy that denies everything"))(
    "$kind: $injected; the engine ends with 7 too, and its next run mends it",
    async ({ inject, check, target, class: expected }) => {
      await inject(sandbox);
      const { code, classes, bad } = await drift(sandbox);
      expect({ code, classes: Object.keys(classes) }).toEqual({ code: 7, classes: [expected] });
      expect(bad).toEqual([expect.objectContaining({ check, target, fix: `pulumi up --refresh -s ${STACK}` })]);
      expect(await refresh()).toBe(7);
      const { code: up, stderr } = await pulumi(["up", "--refresh", "--yes", "--skip-preview"]);
      expect({ up, stderr: up === 0 ? "" : stderr }).toEqual({ up: 0, stderr: "" });
      expect(await drift(sandbox)).toMatchObject(CLEAN);
      expect(await refresh()).toBe(0);
    },
  );

  test("what Pulumi and Helm do not see is found all the same, and mended in Helm's name", async () => {
    const [edited] = named("the operator's Deployment runs another image");
    await edited!.inject(sandbox);
    expect(await refresh()).toBe(0);
    const { code, bad } = await drift(sandbox);
    expect({ code, checks: bad.map(({ check }) => check) }).toEqual({ code: 7, checks: ["helm-objects"] });
    await sandbox.shell(bad[0]!.fix ?? "");
    expect(await drift(sandbox)).toMatchObject(CLEAN);
    expect(await refresh()).toBe(0);
  });

  test("a release that somebody upgraded by hand is as declared after the engine's next run", async () => {
    const [upgraded] = named("`helm upgrade` with another value");
    await upgraded!.inject(sandbox);
    const { code, bad } = await drift(sandbox);
    expect({ code, checks: bad.map(({ check }) => check) }).toEqual({ code: 7, checks: ["helm-releases"] });
    expect(await refresh()).toBe(7);
    expect((await pulumi(["up", "--refresh", "--yes", "--skip-preview"])).code).toBe(0);
    expect(await drift(sandbox)).toMatchObject(CLEAN);
    expect(await refresh()).toBe(0);
  });

  test("an engine that could not look ends with neither 0 nor 7", async () => {
    expect(await refresh({ PULUMI_CONFIG_PASSPHRASE_FILE: "/dev/null" })).toBe(1);
  });
});
