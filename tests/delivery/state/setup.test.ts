import path from "node:path";
import { type Answers, FREE, StandIn } from "./support/stand-in-pulumi";
import { ROOT, stateText } from "./support/states";

// Every call is a process of its own.
jest.setTimeout(120_000);

const standIns: StandIn[] = [];
afterAll(() => standIns.forEach((standIn) => standIn.remove()));

function standIn(answers: Answers = {}, programs?: readonly string[], stackFile?: string): StandIn {
  const plain = { "pulumi stack export": { stdout: stateText([ROOT]) }, "pulumi stack rename": FREE };
  const made = new StandIn({ ...plain, ...answers }, programs, stackFile);
  standIns.push(made);
  return made;
}

describe("setup", () => {
  const S3 = ["--backend", "s3://b?region=eu-west-1", "--secrets-provider", "passphrase"];
  const ENV = {
    PULUMI_CONFIG_PASSPHRASE: "planted-passphrase",
    AWS_SECRET_ACCESS_KEY: "planted-key",
    AWS_ACCESS_KEY_ID: "a",
  };

  it("shows everything and runs nothing", async () => {
    const made = standIn({}, ["pulumi", "aws"]);
    const { code, stdout } = await made.run(["setup", ...S3], ENV);
    expect([code, made.calls]).toEqual([0, []]);
    expect(stdout).toMatch(/put-bucket-versioning[^]*pulumi login[^]*pulumi stack init dev[^]*Nothing was done/);
    expect(stdout).toContain("credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY set");
    expect(stdout).not.toContain("planted");
  });

  it("makes bucket and stack, and proves lock and key", async () => {
    const made = standIn(
      { "aws --region eu-west-1 s3api head-bucket": { code: 1 }, "pulumi stack ls": { stdout: "[]" } },
      ["pulumi", "aws"],
    );
    const { code, stdout } = await made.run(["setup", ...S3, "--yes"], ENV);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /made stack dev[^]*written to and read[^]*encrypted and decrypted[^]*export 'PULUMI_BACKEND_URL=s3:/,
    );
    const words = made.calls.map(({ program, argv }) => (program === "aws" ? argv[3] : argv.slice(0, 2).join(" ")));
    expect(words).toEqual([
      ...["head-bucket", "create-bucket", "put-bucket-versioning", "put-public-access-block", "put-bucket-encryption"],
      ...[
        "login s3://b?region=eu-west-1",
        "stack ls",
        "stack init",
        "stack rename",
        "stack export",
        "config set",
        "config get",
      ],
    ]);
    expect(made.calls.every(({ env }) => env["PULUMI_BACKEND_URL"] === "s3://b?region=eu-west-1")).toBe(true);
    expect(JSON.stringify(made.calls.map(({ argv, stdin }) => [argv, stdin])) + stdout).not.toContain("planted");
  });

  it("can be repeated, and leaves to the user what it has no program for", async () => {
    const made = standIn({ "pulumi stack ls": { stdout: '[{"name":"dev"}]' } });
    const { code, stdout } = await made.run(["setup", ...S3, "--yes", "--json"], {
      ...ENV,
      PATH: `${made.folder}/bin:${path.dirname(process.execPath)}`,
    });
    expect([code, made.lines.some((line) => line.includes("stack init"))]).toEqual([0, false]);
    expect(JSON.parse(stdout)).toMatchObject({
      made: false,
      left: [0, 1, 2, 3].map(() => ({ reason: "aws is not on PATH" })),
    });
  });

  it("goes on where a step fails, names it, and does not end with 0", async () => {
    const s3api = "aws --region eu-west-1 s3api";
    const made = standIn(
      {
        [`${s3api} put-bucket-encryption`]: { code: 254, stderr: "AccessDenied token=planted-x" },
        "pulumi stack ls": { stdout: "[]" },
      },
      ["pulumi", "aws"],
    );
    const { code, stdout, stderr } = await made.run(["setup", ...S3, "--yes"], ENV);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/left to you \(aws ended with 254\):[^]*made stack dev/)]);
    expect(stderr).toContain("AccessDenied");
    expect(stdout + stderr).not.toContain("planted");
  });

  test.each([
    [
      "another backend in the environment",
      { PULUMI_BACKEND_URL: "gs://other" },
      undefined,
      /PULUMI_BACKEND_URL is gs:\/\/other, --backend s3:/,
    ],
    [
      "another key in the stack file",
      {},
      "secretsprovider: awskms://alias/x\nencryptedkey: k\n",
      /change-secrets-provider/,
    ],
    [
      "a passphrase that others may read",
      { PULUMI_CONFIG_PASSPHRASE_FILE: "/etc/hostname" },
      undefined,
      /may be read by others; fix: chmod 600/,
    ],
  ])("refuses %s", async (_, env, stackFile, reason) => {
    const made = standIn({}, ["pulumi", "aws"], stackFile);
    const { code, stderr } = await made.run(["setup", ...S3, "--yes"], { ...ENV, ...env });
    expect([code, made.calls]).toEqual([2, []]);
    expect(stderr).toMatch(reason);
  });
});
