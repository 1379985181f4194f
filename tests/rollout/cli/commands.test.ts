import { Readable } from "node:stream";
import { programVersion } from "../../../config/version";
import { runRollout } from "../../../rollout/cli/commands";
import { STEPS } from "../../../rollout/steps";
import { rollout } from "../support/io";
import { MiniCluster, UID } from "../support/mini-cluster";

const call = async (argv: string[], stdin = "") => {
  const written = { stdout: "", stderr: "" };
  const exitCode = await runRollout(argv, {
    stdin: Readable.from([stdin]),
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
    env: {},
    signal: new AbortController().signal,
  });
  return { exitCode, ...written };
};

test("every step has a name of its own, and help that says what a second run does or refuses", async () => {
  const names = STEPS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const overview = await call(["--help"]);
  expect(overview.exitCode).toBe(0);
  for (const { name, summary, details } of STEPS) {
    expect(overview.stdout).toContain(`  ${name} `);
    expect(summary.endsWith(".")).toBe(true);
    const help = await call([name, "--help"]);
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    expect(help.stdout).toContain(details.split("\n")[0]);
  }
});

test.each([[["--version"]], [["spread", "--version"]]])(
  "%j says which version this is, and reads no subject",
  async (argv) => {
    expect(await call(argv)).toEqual({ exitCode: 0, stdout: `seldon-k3s ${programVersion()}\n`, stderr: "" });
  },
);

test.each([
  [["node-pod"], "", 'there is no step "node-pod". Did you mean "node-pods"? Allowed: '],
  [[], "", 'there is no step "". Allowed: '],
  [["node-pods", "now"], "", 'node-pods: unexpected argument "now"'],
  [["spread"], "", "the subject is not JSON; got nothing"],
  [["spread"], "{", "the subject is not JSON; got 1 characters"],
  [
    ["spread"],
    '{"stack":"x","kubeconfig":"y","timeoutSeconds":1,"surplus":1}',
    '- subject: Unrecognized key: "surplus"',
  ],
  [["leave-calico"], '{"stack":"x","kubeconfig":"y","timeoutSeconds":0}', "- timeoutSeconds: "],
])("%j with %j could not look", async (argv, stdin, text) => {
  const done = await call(argv, stdin);
  expect(done).toMatchObject({ exitCode: 2, stdout: "" });
  expect(done.stderr).toContain(text);
});

test("a kubeconfig that is not there is no look, and the message names it", async () => {
  const done = await rollout("spread", {
    stack: "x",
    kubeconfig: "/nowhere/kubeconfig.yaml",
    uid: UID,
    timeoutSeconds: 1,
  });
  expect(done.exitCode).toBe(2);
  expect(done.stderr).toContain("nothing was changed, because the cluster is not known to be the right one");
  expect(done.stderr).toContain("kubeconfig /nowhere/kubeconfig.yaml: there is no such file");
});

test("a stack that does not name its cluster yet is told the UID, and goes on", async () => {
  const cluster = await MiniCluster.start();
  const done = await rollout("leave-flannel", { stack: "x", kubeconfig: cluster.kubeconfig, timeoutSeconds: 5 });
  await cluster.stop();
  expect(done.exitCode).toBe(0);
});

test("what the API server refuses is told in its words", async () => {
  const cluster = await MiniCluster.start();
  cluster.node("s1", "calico");
  cluster.api.objects.get("/api/v1/nodes/s1")!.metadata.annotations = { "flannel.alpha.coreos.com/x": "y" };
  cluster.api.intercept = ({ method }) =>
    method === "PATCH"
      ? { status: 403, body: { kind: "Status", reason: "Forbidden", message: 'nodes "s1" is forbidden: no' } }
      : undefined;
  const done = await rollout("leave-flannel", {
    stack: "x",
    kubeconfig: cluster.kubeconfig,
    uid: UID,
    timeoutSeconds: 5,
  });
  await cluster.stop();
  expect(done.exitCode).toBe(1);
  expect(done.stderr).toContain(
    'error: API server: answered 403 to PATCH /api/v1/nodes/s1: nodes "s1" is forbidden: no',
  );
});
