/** `npm run state` with the real Pulumi CLI on a file backend; skipped where it is not on PATH. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { missingPrograms } from "../../sandbox/engine/choose";
import { processesIn } from "../support/processes";

jest.setTimeout(600_000);

const missing = missingPrograms(process.env, ["pulumi", "pulumi-language-nodejs", "pulumi-resource-command"]);
const withCli = missing.length === 0 ? describe : describe.skip;
const ROOT = path.join(__dirname, "../..");
const SECRET = "planted-token";

/** A program whose third resource waits as long as the file `wait` is there, so that its engine can be killed in it. */
const PROGRAM = (folder: string) => `
const { local } = require("@pulumi/command");
const { Config } = require("@pulumi/pulumi");
const token = new Config().requireSecret("token");
const one = new local.Command("one", { create: "echo one", environment: { TOKEN: token } });
new local.Command("two", { create: "while [ -e ${folder}/wait ]; do touch ${folder}/waits; sleep 0.2; done" }, { dependsOn: one });
`;

class Project {
  readonly folder = mkdtempSync(path.join(tmpdir(), "state-cli-"));
  readonly env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: this.folder,
    PULUMI_HOME: path.join(this.folder, "home"),
    PULUMI_BACKEND_URL: `file://${this.folder}/state`,
    PULUMI_CONFIG_PASSPHRASE_FILE: path.join(this.folder, "passphrase"),
    PULUMI_CONFIG_PASSPHRASE: undefined,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  readonly project = path.join(this.folder, "project");

  constructor() {
    mkdirSync(this.project);
    symlinkSync(path.join(ROOT, "node_modules"), path.join(this.project, "node_modules"));
    writeFileSync(
      path.join(this.project, "Pulumi.yaml"),
      "name: p\nruntime: {name: nodejs, options: {typescript: false}}\nmain: index.js\n",
    );
    writeFileSync(path.join(this.project, "Pulumi.dev.yaml"), "config:\n  # of the team\n  p:size: small\n");
    writeFileSync(path.join(this.project, "index.js"), PROGRAM(this.folder));
  }

  start(program: string, argv: readonly string[]): ChildProcess & { said?: string } {
    const child: ChildProcess & { said?: string } = spawn(program, argv, {
      cwd: this.project,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (part: Buffer) => (child.said += part.toString()));
    return child;
  }

  async run(program: string, ...argv: readonly string[]): Promise<{ code: number | null; said: string }> {
    const child = this.start(program, argv);
    const [code] = (await once(child, "close")) as [number | null];
    return { code, said: child.said ?? "" };
  }

  state(...argv: readonly string[]): Promise<{ code: number | null; said: string }> {
    const loader = path.join(ROOT, "tools/typescript.cjs");
    return this.run(
      process.execPath,
      "--require",
      loader,
      path.join(ROOT, "delivery/cli/state.ts"),
      "dev",
      ...argv,
      "--project",
      this.project,
    );
  }

  get up(): readonly string[] {
    return ["up", "--stack", "dev", "--yes", "--skip-preview", "--non-interactive"];
  }

  get backups(): readonly string[] {
    return readdirSync(path.join(this.project, "state-backups")).map((name) =>
      path.join(this.project, "state-backups", name),
    );
  }

  remove(): void {
    // What a killed engine leaves: its language host and providers live for ever.
    for (const pid of processesIn(this.folder)) process.kill(pid, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

withCli(`with the Pulumi CLI (not on PATH: ${missing.join(", ") || "none"})`, () => {
  let at: Project;
  let wait: string;
  beforeAll(() => {
    at = new Project();
    wait = path.join(at.folder, "wait");
  });
  afterAll(() => at.remove());

  const appears = async (file: string) => {
    while (statSync(file, { throwIfNoEntry: false }) === undefined) await new Promise((wake) => setTimeout(wake, 100));
  };

  it("sets up folder, passphrase and stack, twice over", async () => {
    for (const made of ["made stack dev", "was there already"]) {
      const { code, said } = await at.state("setup", "--secrets-provider", "passphrase", "--yes");
      expect([code, said]).toEqual([0, expect.stringContaining(made)]);
      expect(said).toContain("the key encrypted and decrypted a word");
    }
    expect(statSync(path.join(at.folder, "state")).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(at.folder, "passphrase")).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(at.project, "Pulumi.dev.yaml"), "utf8")).toMatch(/# of the team[^]*encryptionsalt:/);
  });

  it("says what a running update holds, and does not unlock it", async () => {
    expect((await at.run("pulumi", "config", "set", "--secret", "token", SECRET, "--stack", "dev")).code).toBe(0);
    writeFileSync(wait, "");
    const update = at.start("pulumi", at.up);
    const ended = once(update, "close");
    await appears(path.join(at.folder, "waits"));
    const running = await at.state("status");
    expect([running.code, running.said]).toEqual([0, expect.stringContaining(`process ${update.pid}, for`)]);
    expect((await at.state("unlock", "--yes")).said).toContain("refused: its process lives");
    expect((await at.state("recover", "--yes")).said).toContain("is locked by");
    update.kill("SIGKILL");
    await ended;
  });

  it("tells a killed update from it, unlocks, and resolves what it left", async () => {
    const dead = await at.state("status");
    expect([dead.code, dead.said]).toEqual([
      1,
      expect.stringMatching(/that process is gone[^]*creating urn:pulumi:dev::p::command:local:Command::two/),
    ]);
    expect((await at.run("pulumi", ...at.up)).said).toContain("currently locked by 1 lock(s)");
    expect((await at.state("unlock", "--yes")).said).toContain("unlocked");
    rmSync(wait);
    // What Pulumi itself does not: its note of an interrupted create outlives every update.
    expect((await at.run("pulumi", ...at.up)).code).toBe(0);
    expect((await at.state("status")).said).toContain("mend: pending operations");
    const { code, said } = await at.state("recover", "--yes");
    expect([code, said]).toEqual([0, expect.stringContaining("is in the state already")]);
    expect((await at.state("status")).code).toBe(0);
  });

  it("brings a state back, and refuses another project's, which Pulumi takes", async () => {
    const [first = ""] = at.backups;
    const { code, said } = await at.state("backup", "--json");
    expect(code).toBe(0);
    const { file } = JSON.parse(said) as { file: string };
    expect([statSync(file).mode & 0o777, readFileSync(file, "utf8").includes(SECRET)]).toEqual([0o600, false]);
    expect(
      (
        await at.run(
          "pulumi",
          "state",
          "delete",
          "urn:pulumi:dev::p::command:local:Command::two",
          "--stack",
          "dev",
          "--yes",
        )
      ).code,
    ).toBe(0);
    const shown = await at.state("restore", file);
    expect(shown.said).toMatch(/1 come back into the state[^]*\n {2}two\n[^]*Nothing was done/);
    expect((await at.state("restore", file, "--yes")).said).toContain("restored, and read again");
    expect((await at.run("pulumi", "preview", "--stack", "dev", "--expect-no-changes", "--non-interactive")).code).toBe(
      0,
    );
    const foreign = path.join(at.folder, "foreign.json");
    writeFileSync(foreign, readFileSync(first, "utf8").replaceAll("::p::", "::other::"), { mode: 0o600 });
    expect((await at.state("restore", foreign, "--yes")).said).toContain("of project other, not of dev of p");
  });

  it("finds a passphrase that is not the stack's", async () => {
    writeFileSync(path.join(at.folder, "passphrase"), "another one");
    const { code, said } = await at.state("status");
    expect([code, said]).toEqual([1, expect.stringContaining("does not work: error: incorrect passphrase")]);
  });
});
