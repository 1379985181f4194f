import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { type Answers, FREE, locked, StandIn } from "./support/stand-in-pulumi";
import { command, configMap, ROOT, stateText, urn } from "./support/states";

// Every call is a process of its own.
jest.setTimeout(120_000);

const standIns: StandIn[] = [];
afterAll(() => standIns.forEach((standIn) => standIn.remove()));

const EXPORT = "pulumi stack export";
const PROBE = "pulumi stack rename dev --stack dev";
const PLAIN: Answers = {
  [EXPORT]: { stdout: stateText([ROOT, command("a")]) },
  [PROBE]: FREE,
  "pulumi whoami": { stdout: '{"url":"postgres://user:planted@db/pulumi"}' },
  "pulumi stack history": { stdout: '[{"kind":"update","result":"succeeded","endTime":"2026-11-23T08:00:00.000Z"}]' },
};

function standIn(answers: Answers = {}, programs?: readonly string[], stackFile?: string): StandIn {
  const made = new StandIn({ ...PLAIN, ...answers }, programs, stackFile);
  standIns.push(made);
  return made;
}

/** A lock of a process that is not there: the machine counts no further. */
const DEAD = locked(`me@${hostname()} (pid 99999999) at 2026-11-23T08:00:00Z`);
const ALIVE = locked(`me@${hostname()} (pid ${process.pid}) at ${new Date().toISOString()}`);

const SECRETS = {
  PULUMI_CONFIG_PASSPHRASE: "planted-passphrase",
  PGPASSWORD: "planted-password",
  AWS_SECRET_ACCESS_KEY: "planted-key",
  VAULT_TOKEN: "planted-token",
};

describe("the command line", () => {
  test.each([
    [["backups"], /unknown action "backups"; did you mean "backup"\?/],
    [["backup", "--yes"], /--yes means nothing to backup/],
    [["status", "x.json"], /unexpected argument "x.json"/],
    [["restore"], /missing FILE/],
    [["setup"], /missing --backend URL/],
    [["setup", "--backend", "s3://b?region=x"], /missing --secrets-provider/],
    [["setup", "--backend", "s3://b?region=x", "--secrets-provider", "passphrase"], /lacks its passphrase/],
  ])("%j is refused before anything runs", async (argv, reason) => {
    const made = standIn();
    const { code, stderr } = await made.run(argv);
    expect([code, made.calls]).toEqual([2, []]);
    expect(stderr).toMatch(reason);
  });

  it("names who is to install what, without a pulumi", async () => {
    const { code, stderr } = await standIn({}, []).run(["status"], { PATH: "/nowhere" });
    expect(code).toBe(2);
    expect(stderr).toContain(
      "there is no pulumi on PATH; fix: install the Pulumi CLI: https://www.pulumi.com/docs/install/",
    );
  });
});

describe("status", () => {
  it("is in order, and leaves no secret anywhere", async () => {
    const made = standIn();
    const { code, stdout, stderr } = await made.run(["status"], SECRETS);
    expect(code).toBe(0);
    expect(stdout).toContain("lock: free");
    expect(stdout).toContain("key: passphrase, works");
    expect(stdout).toContain("backend: postgres://[...]@db/pulumi");
    expect(stdout + stderr).not.toContain("planted");
    expect(JSON.stringify(made.calls.map(({ argv, stdin }) => [argv, stdin]))).not.toContain("planted");
    expect(made.calls[0]?.env["PULUMI_CONFIG_PASSPHRASE"]).toBe("planted-passphrase");
    expect(made.lines).not.toContainEqual(expect.stringContaining("--show-secrets"));
  });

  test.each<[string, Answers, RegExp]>([
    ["a dead update's lock", { [PROBE]: DEAD }, /process is gone[^]*mend: locked.*npm run state -- dev unlock/],
    [
      "a lock of another machine",
      { [PROBE]: locked("ci@runner (pid 1) at 2026-11-23T08:00:00Z") },
      /another machine's: ask there/,
    ],
    [
      "pending operations",
      { [EXPORT]: { stdout: stateText([ROOT], [{ type: "creating", resource: configMap("cm") }]) } },
      /mend: pending operations: npm run state -- dev recover/,
    ],
    [
      "a key that does not work",
      { "pulumi config get": { code: 1, stderr: "error: incorrect passphrase" } },
      /key does not work: error: incorrect passphrase/,
    ],
    [
      "a state under another key",
      {
        [EXPORT]: {
          stdout: stateText([ROOT], [], { secrets_providers: { type: "passphrase", state: { salt: "v1:other" } } }),
        },
      },
      /encrypted with another key than Pulumi\.dev\.yaml names/,
    ],
  ])("ends with 1 for %s", async (_, answers, says) => {
    const { code, stdout } = await standIn(answers).run(["status"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(says);
  });

  it("finds nothing to mend while an update runs, its operations included", async () => {
    const running = {
      [PROBE]: ALIVE,
      [EXPORT]: { stdout: stateText([ROOT], [{ type: "creating", resource: configMap("cm") }]) },
    };
    const { code, stdout } = await standIn(running).run(["status", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      lock: [{ life: "alive" }],
      pending: [{ operation: "creating" }],
      faults: [],
    });
  });

  it("could not look where Pulumi cannot", async () => {
    const { code, stderr } = await standIn({ [EXPORT]: { code: 6, stderr: "error: no stack named 'dev' found" } }).run([
      "status",
    ]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("no stack named 'dev' found")]);
  });
});

describe("unlock", () => {
  const cancelled = (made: StandIn) => made.lines.includes("pulumi cancel --stack dev --yes");

  it("refuses while the holder lives", async () => {
    const made = standIn({ [PROBE]: ALIVE });
    const { code, stdout } = await made.run(["unlock", "--yes"]);
    expect([code, cancelled(made)]).toEqual([1, false]);
    expect(stdout).toContain("refused: its process lives");
  });

  it("shows first", async () => {
    const made = standIn({ [PROBE]: DEAD });
    const { code, stdout } = await made.run(["unlock"]);
    expect([code, cancelled(made)]).toEqual([0, false]);
    expect(stdout).toMatch(/that process is gone[^]*Nothing was done/);
  });

  it("takes it away when told, and looks again", async () => {
    const made = standIn({ [PROBE]: [DEAD, FREE] });
    const { code, stdout } = await made.run(["unlock", "--yes"]);
    expect([code, cancelled(made)]).toEqual([0, true]);
    expect(stdout).toContain("unlocked");
    const again = standIn({ [PROBE]: [DEAD, ALIVE] });
    expect((await again.run(["unlock", "--yes"])).code).toBe(1);
  });

  it("has nothing to do without a lock", async () => {
    const made = standIn();
    expect((await made.run(["unlock", "--yes"])).stdout).toBe("dev is not locked\n");
    expect(cancelled(made)).toBe(false);
  });
});

describe("recover", () => {
  const pending = stateText([ROOT], [{ type: "creating", resource: configMap("cm") }]);
  const healed = stateText([ROOT, configMap("cm", { id: "seldon/cm" })]);

  it("shows what it would do", async () => {
    const made = standIn({ [EXPORT]: { stdout: pending } });
    const { code, stdout } = await made.run(["recover"]);
    expect(code).toBe(0);
    expect(stdout).toContain("creating kubernetes:core/v1:ConfigMap cm: taken up as seldon/cm");
    expect(stdout).toContain("3. pulumi refresh --stack dev --yes");
    expect(made.lines.filter((line) => !line.startsWith(EXPORT) && line !== PROBE)).toEqual([]);
  });

  it("backs up, takes up, refreshes only that, and looks again", async () => {
    const made = standIn({
      [EXPORT]: [{ stdout: pending }, { stdout: pending }, { stdout: pending }, { stdout: healed }],
    });
    const { code, stdout } = await made.run(["recover", "--yes"]);
    expect(code).toBe(0);
    expect(stdout).toContain("-> it exists");
    const changing = made.calls.filter(({ argv }) => ["import", "refresh"].some((word) => argv.includes(word)));
    expect(changing.map(({ argv }) => argv.slice(0, 2).join(" "))).toEqual(["stack import", "refresh --stack"]);
    expect(JSON.parse(changing[0]!.stdin)).toMatchObject({ deployment: { resources: [{}, { id: "seldon/cm" }] } });
    expect(changing[1]!.argv).toEqual(
      expect.arrayContaining(["--clear-pending-creates", "--target", configMap("cm").urn]),
    );
    expect(readdirSync(path.join(made.project, "state-backups"))).toHaveLength(1);
  });

  it("says what the refresh found gone", async () => {
    const gone = [{ stdout: pending }, { stdout: pending }, { stdout: pending }, { stdout: stateText([ROOT]) }];
    expect((await standIn({ [EXPORT]: gone }).run(["recover", "--yes"])).stdout).toContain("-> it did not exist");
  });

  it("stops where an update has run meanwhile, and where something stays pending", async () => {
    const moved = standIn({ [EXPORT]: [{ stdout: pending }, { stdout: pending }, { stdout: stateText([ROOT]) }] });
    const { code, stderr } = await moved.run(["recover", "--yes"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("the state has changed meanwhile")]);
    expect(moved.lines.join("\n")).not.toContain("stack import");
    const stays = await standIn({ [EXPORT]: { stdout: pending } }).run(["recover", "--yes"]);
    expect([stays.code, stays.stdout]).toEqual([1, expect.stringContaining("still pending")]);
  });

  it("refuses under a lock, and has nothing to do without operations", async () => {
    const under = await standIn({ [PROBE]: DEAD, [EXPORT]: { stdout: pending } }).run(["recover", "--yes"]);
    expect([under.code, under.stderr]).toEqual([1, expect.stringContaining("fix: npm run state -- dev unlock")]);
    expect((await standIn().run(["recover", "--yes"])).stdout).toBe("dev has no pending operations\n");
  });
});

describe("backup and restore", () => {
  const file = (made: StandIn, text: string) => {
    const name = path.join(made.folder, "backup.json");
    writeFileSync(name, text);
    return name;
  };
  const imported = (made: StandIn) => made.calls.filter(({ argv }) => argv[1] === "import");

  it("writes what was exported", async () => {
    const made = standIn();
    const { code, stdout } = await made.run(["backup", "--json", "--out", path.join(made.folder, "kept")]);
    const { file: name, resources } = JSON.parse(stdout) as { file: string; resources: number };
    expect([code, resources, readFileSync(name, "utf8")]).toEqual([0, 2, stateText([ROOT, command("a")])]);
  });

  test.each([
    ["of another stack", stateText([{ urn: urn("x", "t", "prod"), type: "t" }])],
    ["of another project", stateText([{ urn: urn("x", "t", "dev", "other"), type: "t" }])],
  ])("an export %s is no backup", async (_, stdout) => {
    const made = standIn({ [EXPORT]: { stdout } });
    expect((await made.run(["backup"])).code).not.toBe(0);
    expect(existsSync(path.join(made.project, "state-backups"))).toBe(false);
  });

  test.each([
    [
      "another stack's",
      stateText([{ urn: urn("x", "t", "prod"), type: "t" }]),
      /of stack prod of project p, not of dev/,
    ],
    [
      "another project's",
      stateText([{ urn: urn("x", "t", "dev", "other"), type: "t" }]),
      /of stack dev of project other/,
    ],
    ["an empty", stateText([]), /holds no resources/],
    ["a cut off", stateText([ROOT]).slice(0, -5), /cut off/],
  ])("%s state is not restored", async (_, text, reason) => {
    const made = standIn();
    const { code, stderr } = await made.run(["restore", file(made, text), "--yes"]);
    expect([code, imported(made)]).toEqual([2, []]);
    expect(stderr).toMatch(reason);
  });

  it("shows what changes, then keeps the present state, imports and reads again", async () => {
    const other = stateText([ROOT, command("b")]);
    const made = standIn({
      [EXPORT]: [0, 1, 2].map(() => ({ stdout: stateText([ROOT, command("a")]) })).concat({ stdout: other }),
    });
    const name = file(made, other);
    const shown = await made.run(["restore", name]);
    expect(shown.stdout).toMatch(/1 come back[^]*\n {2}b\n[^]*1 are forgotten[^]*\n {2}a\n[^]*Nothing was done/);
    expect(imported(made)).toEqual([]);
    const { code, stdout } = await made.run(["restore", name, "--yes"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("restored, and read again")]);
    expect(imported(made).map(({ argv, stdin }) => [argv.includes("--force"), stdin])).toEqual([[false, other]]);
    const [kept = ""] = readdirSync(path.join(made.project, "state-backups"));
    expect(readFileSync(path.join(made.project, "state-backups", kept), "utf8")).toBe(stateText([ROOT, command("a")]));
  });

  it("refuses under a lock", async () => {
    const made = standIn({ [PROBE]: ALIVE });
    expect((await made.run(["restore", file(made, stateText([ROOT])), "--yes"])).code).toBe(1);
    expect(imported(made)).toEqual([]);
  });
});

test("an interrupted command says so and ends with 130", async () => {
  const made = standIn();
  const { code, stderr } = await made.run(["status"], {}, AbortSignal.abort());
  expect([code, stderr]).toEqual([130, expect.stringContaining("interrupted")]);
});
