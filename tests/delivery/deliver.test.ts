import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

interface Answers {
  /** Exit codes by the first words of a call; all others end with 0. */
  readonly exits?: Readonly<Record<string, number>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the real .ci/deliver in a folder of its own, with a pulumi and an npm that log their calls. */
function deliver(args: readonly string[], { exits = {}, env = {} }: Answers = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), "deliver-"));
  folders.push(folder);
  mkdirSync(path.join(folder, "bin"));
  cpSync(path.join(__dirname, "../../.ci/deliver"), path.join(folder, ".ci/deliver"));
  writeFileSync(path.join(folder, "Pulumi.prod.yaml"), "config: {}\n");
  const cases = Object.entries(exits).map(([call, code]) => `"${call}"*) exit ${code};;`);
  for (const name of ["pulumi", "npm"]) {
    const log = `echo "${name} $*" >> ${folder}/calls`;
    writeFileSync(
      path.join(folder, "bin", name),
      `#!/bin/sh\n${log}\ncase "${name} $*" in\n${cases.join("\n")}\nesac\n`,
      {
        mode: 0o755,
      },
    );
  }
  const run = spawnSync("bash", [path.join(folder, ".ci/deliver"), ...args], {
    encoding: "utf8",
    env: { PATH: `${path.join(folder, "bin")}:${process.env["PATH"] ?? ""}`, HOME: folder, ...env },
  });
  const calls = existsSync(path.join(folder, "calls")) ? readFileSync(path.join(folder, "calls"), "utf8") : "";
  const words = (line: string) => line.replace("--silent ", "").split(" ").slice(0, 3).join(" ");
  return { ...run, folder, calls, order: calls.trim().split("\n").map(words) };
}

test("a preview reads, and never deploys", () => {
  const { status, order, calls } = deliver(["preview", "prod"], { env: { PULL_REQUEST: "5" } });
  expect(status).toBe(0);
  expect(order).toEqual(["pulumi preview --stack", "npm run delivery:preview"]);
  expect(calls).toContain("--pull-request 5");
});

test("a deployment previews anew, asks the gate, deploys and validates, in this order", () => {
  const { status, order } = deliver(["deploy", "prod"]);
  expect(status).toBe(0);
  expect(order).toEqual(["pulumi preview --stack", "npm run delivery:gate", "pulumi up --stack", "npm run validate"]);
});

test("a preview that failed, be it by a guardrail, leaves nothing to deploy", () => {
  const { status, folder, calls } = deliver(["preview", "prod"], { exits: { "pulumi preview": 255 } });
  expect(status).toBe(1);
  expect(calls).toContain("--policy-pack policy-pack");
  expect(existsSync(path.join(folder, "delivery-out/record.json"))).toBe(false);
  expect(deliver(["deploy", "prod"], { exits: { "pulumi preview": 255 } }).calls).not.toContain("pulumi up");
});

test("what the gate refuses is not deployed", () => {
  const { status, calls } = deliver(["deploy", "prod"], { exits: { "npm run --silent delivery:gate": 1 } });
  expect(status).toBe(1);
  expect(calls).not.toContain("pulumi up");
});

test("a failed validation fails the deployment", () => {
  expect(deliver(["deploy", "prod"], { exits: { "npm run --silent validate": 1 } }).status).toBe(1);
});

test("drift hands the exit code of the refresh on, and posts only when told", () => {
  const exits = { "pulumi refresh": 7, "npm run --silent drift": 7, "npm run --silent delivery:drift": 7 };
  const quiet = deliver(["drift", "prod"], { exits });
  expect(quiet.status).toBe(7);
  expect(quiet.calls).toContain("--preview-only --expect-no-changes");
  expect(quiet.calls).toContain("--refresh-exit 7");
  expect(quiet.calls).not.toContain("--post");
  expect(deliver(["drift", "prod"], { exits, env: { POST: "1" } }).calls).toContain("--post");
});

test("a kubeconfig is for its owner alone, and no secret is printed or handed on", () => {
  const { folder, stdout, stderr, calls } = deliver(["preview", "prod"], {
    env: { KUBECONFIG_CONTENT: "planted-kubeconfig", PULUMI_CONFIG_PASSPHRASE: "planted-passphrase" },
  });
  expect(statSync(path.join(folder, "kubeconfig-prod.yaml")).mode & 0o777).toBe(0o600);
  expect(stdout + stderr + calls).not.toContain("planted");
});

test.each([
  ["an unknown action", ["destroy", "prod"], {}],
  ["an unknown stack", ["preview", "nope"], {}],
  ["a path for a stack", ["preview", "../prod"], {}],
  ["a log level that prints credentials", ["preview", "prod"], { PULUMI_OPTION_VERBOSE: "11" }],
])("%s is refused before anything runs", (_, args, env) => {
  const { status, calls } = deliver(args, { env });
  expect(status).toBe(2);
  expect(calls).toBe("");
});
