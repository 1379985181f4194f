/**
 * diagnose, validate, policies and preflight in every format, on a cluster whose pods, logs, events and API server talk about secrets,
 * and with a kubeconfig whose credentials are markers.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../checks/cli/commands";
import { P } from "../checks/diagnosis/cases/case";
import { type Stands, standBehind } from "../checks/support/diagnosis-ports";
import { DiagnosisWorld } from "../checks/support/diagnosis-world";
import { kubeconfigText } from "../checks/support/fake-api";
import { type StackFile, worldStackFile } from "../checks/support/stack-file";
import { saidBy } from "../support/command-io";
import { ALL_MARKERS, markerFor } from "./inputs";
import { type Artifact, leaksOf } from "./scanner";
import { SPOKEN } from "./spoken";

jest.setTimeout(180_000);

const env = markerFor("cluster: environment of a container").core;
const log = markerFor("cluster: log of a container").core;
const token = markerFor("kubeconfig: token").value;
const clientKey = markerFor("kubeconfig: client-key-data").value;

let stands: Stands;
let stack: StackFile;
let world: DiagnosisWorld;
let folder: string;
beforeAll(async () => {
  stands = await standBehind();
  stack = worldStackFile();
});
afterAll(async () => {
  await stands.close();
  stack.remove();
});
beforeEach(async () => {
  world = await DiagnosisWorld.start(stands);
  folder = mkdtempSync(join(tmpdir(), "secrets-reports-"));
});
afterEach(async () => {
  await world.api.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The world's kubeconfig with markers for credentials. */
function kubeconfig(): string {
  const file = join(folder, "kubeconfig.yaml");
  const user = `user: {token: ${token}, client-key-data: ${Buffer.from(clientKey).toString("base64")}}`;
  const text = kubeconfigText(world.api.url).replace("user: {token: secret-token}", user);
  if (!text.includes(token)) throw new Error("no token was planted");
  writeFileSync(file, text);
  return file;
}

/** Everything of one run: both streams and every file. */
async function produced(command: string, ...more: string[]): Promise<{ code: number; artifacts: Artifact[] }> {
  const where = ["test", "--config-file", stack.path, "--kubeconfig", kubeconfig()];
  const done = await saidBy(runCommand, [command, ...where, ...more]);
  const files = readdirSync(folder)
    .filter((name) => name.startsWith("out"))
    .map((name) => ({ name: `${command}, ${name}`, text: readFileSync(join(folder, name), "utf8") }));
  return {
    code: done.code,
    artifacts: [
      { name: `${command}, standard output`, text: done.stdout },
      { name: `${command}, standard error`, text: done.stderr },
      ...files,
    ],
  };
}
const reports = (): string[] =>
  ["text", "json", "junit", "markdown", "html"].flatMap((format) => [
    "--report",
    `${format}=${join(folder, `out.${format}`)}`,
  ]);

/** A pod that does not start, and says why at length. */
function talkative(): void {
  const lines = SPOKEN.flatMap((speak) => `ERROR cannot connect: ${speak(log)}`.split("\n"));
  const { spec, status } = world.container(P, "agent");
  spec.env = [
    ...(spec.env ?? []),
    { name: "KAFKA_PASSWORD", value: env },
    { name: "HTTPS_PROXY", value: `http://ci:${env}@proxy.example.com:3128` },
    { name: "SELDON_SERVER_HOST", value: `http://u:${env}@127.0.0.1` },
  ];
  status.restartCount = 7;
  status.ready = false;
  // Fields that the diagnosis does not read today; what begins to read them is looked at here.
  const saying = <T extends object>(state: T, message: string): T => ({ ...state, message });
  status.state = { waiting: saying({ reason: "CrashLoopBackOff" }, `back-off; token=${log}`) };
  status.lastState = { terminated: saying({ exitCode: 1, reason: "Error" }, `password=${log}`) };
  world.unready(P, "agent");
  world.log(P, "agent", lines);
  world.log(P, "agent", lines, true);
  world.event(P, "FailedMount", `MountVolume failed: Authorization: Bearer ${log}`);
  world.unreadyModel();
  world.publish();
}

test.each(["text", "json"])("diagnose, %s: a pod that talks about its secrets", async (format) => {
  talkative();
  const { code, artifacts } = await produced("diagnose", ...(format === "json" ? ["--json"] : []));
  expect(code).not.toBe(0);
  // The control: its log was read and is told.
  expect(artifacts[0]!.text).toContain("[secret]");
  expect(leaksOf(artifacts, ALL_MARKERS)).toEqual([]);
});

test.each(["validate", "policies"])("%s in every format", async (command) => {
  talkative();
  const { artifacts } = await produced(command, ...(command === "validate" ? reports() : ["--json"]));
  expect(artifacts.some(({ text }) => text.length > 500)).toBe(true);
  expect(leaksOf(artifacts, ALL_MARKERS)).toEqual([]);
});

const REFUSALS: readonly (readonly [number, string])[] = [
  [401, `Unauthorized: token ${token} expired; Authorization: Bearer ${token}`],
  [403, `forbidden: K3S_TOKEN=${token}`],
  [500, `{"client-key-data":"${Buffer.from(clientKey).toString("base64")}","token":"${token}"}`],
  [503, `https://ci:${token}@registry.example.com`],
];

describe.each(REFUSALS)("an API server that answers %d and repeats credentials", (status, message) => {
  test.each(["diagnose", "validate", "policies", "preflight"])("%s", async (command) => {
    world.publish();
    for (const path of world.api.replies.keys()) {
      world.api.replies.set(path, { json: { kind: "Status", message, code: status }, status });
    }
    world.api.fallback = () => ({ json: { kind: "Status", message, code: status }, status });
    const { code, artifacts } = await produced(command);
    expect(code).not.toBe(0);
    expect(artifacts.map(({ text }) => text).join("")).not.toBe("");
    expect(leaksOf(artifacts, ALL_MARKERS)).toEqual([]);
  });
});
