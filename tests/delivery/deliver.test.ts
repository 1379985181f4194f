import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { identify } from "../../sandbox/process-identity";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

interface Answers {
  /** Exit codes by the first words of a call; all others end with 0. */
  readonly exits?: Readonly<Record<string, number>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Shell lines that every pulumi and npm runs first. */
  readonly does?: string;
  /** Files of the folder before the run, with their content. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The real .ci/deliver in a folder of its own, with a pulumi and an npm that log their calls. */
function prepare({ exits = {}, env = {}, does = "", files = {} }: Answers) {
  const folder = mkdtempSync(path.join(tmpdir(), "deliver-"));
  folders.push(folder);
  mkdirSync(path.join(folder, "bin"));
  cpSync(path.join(__dirname, "../../.ci/deliver"), path.join(folder, ".ci/deliver"));
  writeFileSync(path.join(folder, "Pulumi.prod.yaml"), `config: { kubeconfigFile: ${KUBECONFIG} }\n`);
  const cases = Object.entries(exits).map(([call, code]) => `"${call}"*) exit ${code};;`);
  for (const name of ["pulumi", "npm"]) {
    const log = `echo "${name} $*" >> ${folder}/calls`;
    writeFileSync(
      path.join(folder, "bin", name),
      `#!/bin/sh\n${log}\n${does}\ncase "${name} $*" in\n${cases.join("\n")}\nesac\n`,
      {
        mode: 0o755,
      },
    );
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return {
    folder,
    script: path.join(folder, ".ci/deliver"),
    env: { PATH: `${path.join(folder, "bin")}:${process.env["PATH"] ?? ""}`, HOME: folder, ...env },
  };
}

function deliver(args: readonly string[], answers: Answers = {}) {
  const { folder, script, env } = prepare(answers);
  const run = spawnSync("bash", [script, ...args], { encoding: "utf8", env });
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

test("the gate alone is asked for an approval, with the token and without the passphrase", () => {
  const env = { GITHUB_TOKEN: "planted-token", PULUMI_CONFIG_PASSPHRASE: "planted-passphrase" };
  const does = 'echo "${GITHUB_TOKEN:+token} ${PULUMI_CONFIG_PASSPHRASE:+passphrase}" >> calls';
  const told = (more: Readonly<Record<string, string>>) =>
    deliver(["deploy", "prod"], { env: { ...env, ...more }, does });
  const { calls, stdout, stderr } = told({ APPROVAL: "approve-prod" });
  expect(calls).toMatch(/ delivery:gate .* --approval approve-prod\ntoken \n/);
  expect(calls.match(/^token/gm)).toHaveLength(1);
  expect(stdout + stderr + calls).not.toContain("planted");
  expect(told({}).calls).not.toContain("--approval");
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

const KUBECONFIG = "kubeconfig-prod.yaml";
const outputsOf = (folder: string) => readdirSync(path.join(folder, "delivery-out")).sort();

test("a kubeconfig is for its owner alone and gone afterwards, and no secret is printed or handed on", () => {
  const { folder, stdout, stderr, calls } = deliver(["preview", "prod"], {
    env: { KUBECONFIG_CONTENT: "planted-kubeconfig", PULUMI_CONFIG_PASSPHRASE: "planted-passphrase" },
    does: `stat -c 'mode %a' ${KUBECONFIG} >> calls; env | grep -c planted-kubeconfig >> calls`,
  });
  expect(calls).toContain("mode 600\n0\n");
  expect(existsSync(path.join(folder, KUBECONFIG))).toBe(false);
  expect(stdout + stderr + calls).not.toContain("planted");
});

test("somebody's own kubeconfig is neither written over nor removed", () => {
  const own = { files: { [KUBECONFIG]: "own\n" } };
  const used = deliver(["preview", "prod"], own);
  expect(used.status).toBe(0);
  const other = deliver(["preview", "prod"], { ...own, env: { KUBECONFIG_CONTENT: "other" } });
  expect([other.status, other.calls]).toEqual([2, ""]);
  expect(other.stderr).toContain("KUBECONFIG_CONTENT");
  for (const { folder } of [used, other]) expect(readFileSync(path.join(folder, KUBECONFIG), "utf8")).toBe("own\n");
});

test("a stack file that names another kubeconfig is not given this one in silence", () => {
  const { status, calls, stderr } = deliver(["preview", "prod"], {
    files: { "Pulumi.prod.yaml": "config:\n  seldon-k3s:cluster:\n    kubeconfigFile: other.yaml\n" },
    env: { KUBECONFIG_CONTENT: "content" },
  });
  expect([status, calls]).toEqual([2, ""]);
  expect(stderr).toContain("kubeconfigFile");
});

test.each([
  ["the gate refuses", { "npm run --silent delivery:gate": 1 }, 1],
  ["the gate cannot look", { "npm run --silent delivery:gate": 2 }, 2],
  ["the preview of this moment fails", { "pulumi preview": 255 }, 1],
  ["the update fails", { "pulumi up": 255 }, 1],
  ["the validation cannot look", { "npm run --silent validate": 2 }, 2],
])("%s: a documented exit code, and no value of the state stays behind", (_, exits, code) => {
  const { status, folder } = deliver(["deploy", "prod"], {
    exits,
    files: { "delivery-out/record.json": "{}" },
    env: { KUBECONFIG_CONTENT: "content" },
  });
  expect(status).toBe(code);
  expect(outputsOf(folder)).toEqual(["record.json"]);
  expect(existsSync(path.join(folder, KUBECONFIG))).toBe(false);
});

test("a run leaves nothing of an earlier one that could be taken for its own", () => {
  const files = { "delivery-out/record.json": "old", "delivery-out/preview.md": "old" };
  // A working copy with changes: nothing can be recorded.
  const { status, folder } = deliver(["preview", "prod"], { files, exits: { "npm run --silent delivery:preview": 2 } });
  expect(status).toBe(2);
  expect(outputsOf(folder)).toEqual([]);
});

test("the token that posts is not there for the program that is previewed", () => {
  const { calls } = deliver(["preview", "prod"], {
    env: { GITHUB_TOKEN: "planted-token" },
    does: 'case "$0 $*" in *pulumi*|*delivery:preview*) env | grep -c planted-token >> calls;; esac',
  });
  expect(calls).toMatch(/^pulumi preview .*\n0\nnpm run .*\n1\n$/);
});

const key = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "pkcs1", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
}).privateKey;
const hasAgent = process.platform === "linux" && spawnSync("ssh-add", ["-h"]).error === undefined;
const withAgent = hasAgent ? test : test.skip;
const skipped = hasAgent ? "" : " (skipped: no Linux, or no ssh-add on PATH)";
const pause = () => new Promise((wake) => setTimeout(wake, 20));

/** Waits until a process has ended; one that its parent has not been told of yet counts as ended. */
async function untilGone(pid: number): Promise<void> {
  while (identify(pid) !== undefined) await pause();
}

withAgent(`the key lives in an agent, which ends with the run${skipped}`, async () => {
  const { calls, status } = deliver(["drift", "prod"], {
    env: { SSH_PRIVATE_KEY: key },
    does: 'ssh-add -l | wc -l >> calls; env | grep -c "PRIVATE KEY" >> calls; echo "agent $SSH_AGENT_PID" >> calls; tr "\\0" "\\n" < /proc/$SSH_AGENT_PID/environ | grep -c "PRIVATE KEY" >> calls',
  });
  expect(status).toBe(0);
  const agents = [...calls.matchAll(/^1\n0\nagent (\d+)\n0\n/gm)].map(([, pid]) => Number(pid));
  expect(agents).toHaveLength(3);
  for (const agent of agents) await untilGone(agent);
});

withAgent.each(["SIGINT", "SIGTERM"] as const)(
  `%s in a deployment: pulumi is told, waited for, and nothing stays behind${skipped}`,
  async (signal) => {
    const { folder, script, env } = prepare({
      env: { SSH_PRIVATE_KEY: key, KUBECONFIG_CONTENT: "content" },
      // As the engine does: it ends what it has begun, then itself.
      does: `case "$*" in up*) echo "agent $SSH_AGENT_PID" > agent
        trap 'sleep 0.3; echo "pulumi ended by itself" >> calls; exit 255' INT
        : > started; while :; do sleep 0.05; done;; esac`,
    });
    const child = spawn("bash", [script, "deploy", "prod"], { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text) => (said += String(text)));
    const ended = new Promise<number | null>((settle) => child.once("close", settle));
    while (child.exitCode === null && !existsSync(path.join(folder, "started"))) await pause();
    // To the script alone, as a CI does; on a terminal the program gets it too.
    child.kill(signal);
    expect(await ended).toBe(130);
    const calls = readFileSync(path.join(folder, "calls"), "utf8");
    expect(calls).toContain("pulumi ended by itself");
    expect(calls).not.toContain("validate");
    expect(said).toContain("npm run state -- prod status");
    expect(outputsOf(folder)).toEqual([]);
    expect(existsSync(path.join(folder, KUBECONFIG))).toBe(false);
    await untilGone(Number(readFileSync(path.join(folder, "agent"), "utf8").slice(6)));
  },
);

test.each([
  ["an unknown action", ["destroy", "prod"], {}],
  ["an unknown stack", ["preview", "nope"], {}],
  ["a path for a stack", ["preview", "../prod"], {}],
  ["a log level that prints credentials", ["preview", "prod"], { PULUMI_OPTION_VERBOSE: "3" }],
])("%s is refused before anything runs", (_, args, env) => {
  const { status, calls } = deliver(args, { env });
  expect(status).toBe(2);
  expect(calls).toBe("");
});
