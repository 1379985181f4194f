/** The policy pack under the real Pulumi engine; skipped where the CLI and its plugins are not on PATH. No cluster is asked. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { missingPrograms } from "../../sandbox/engine/choose";

jest.setTimeout(600_000);

const ROOT = resolve(__dirname, "../..");
const missing = missingPrograms(process.env);
const withCli = missing.length === 0 ? describe : describe.skip;

/** A Service whose type is known only once a command has run; objects are written to a folder instead of a cluster. */
const PROGRAM = `
const { Provider, core } = require("@pulumi/kubernetes");
const { local } = require("@pulumi/command");
const provider = new Provider("provider", { renderYamlToDirectory: process.env.RENDERED });
const type = new local.Command("type", { create: "printf LoadBalancer" }).stdout;
new core.v1.Service("outside", { metadata: { name: "outside", namespace: "models" }, spec: { type } }, { provider });
`;

withCli(`with the Pulumi CLI and its plugins (not on PATH: ${missing.join(", ") || "none"})`, () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "policy-pack-"));
    mkdirSync(join(folder, "state"));
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      "name: guarded\nruntime: { name: nodejs, options: { typescript: false } }\n",
    );
    writeFileSync(join(folder, "package.json"), '{ "name": "guarded", "version": "0.0.1", "main": "index.js" }');
    writeFileSync(join(folder, "index.js"), PROGRAM);
    expect(pulumi("stack", "init", "test").status).toBe(0);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function pulumi(...args: string[]) {
    const env = {
      ...process.env,
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "of-a-test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      RENDERED: join(folder, "rendered"),
    };
    return spawnSync("pulumi", [...args, "--non-interactive"], { cwd: folder, env, encoding: "utf8" });
  }

  const pack = ["--stack", "test", "--policy-pack", join(ROOT, "policy-pack")];

  test("a preview says what cannot be judged yet, and goes on", () => {
    const { status, stdout } = pulumi("preview", ...pack);
    expect(stdout).toMatch(
      /\[advisory\] +no-public-control-plane[^\n]*\n +spec\.type: cannot be judged before deployment/,
    );
    expect(status).toBe(0);
  });

  test("an update knows the value, and stops before the object is written", () => {
    const { status, stdout } = pulumi("up", "--yes", "--skip-preview", ...pack);
    expect(stdout).toMatch(
      /\[mandatory\] +no-public-control-plane[^\n]*\n +spec\.type: is LoadBalancer; fix: Use ClusterIP/,
    );
    expect(status).not.toBe(0);
    expect(existsSync(join(folder, "rendered"))).toBe(false);
  });
});
