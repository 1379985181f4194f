/** The command, from a stack file to its exit code. */
import { Readable } from "node:stream";
import { runCommand } from "../../../checks/cli/commands";
import { agentWaits, mlserverSilent, P } from "../diagnosis/cases/case";
import { type Stands, standBehind } from "../support/diagnosis-ports";
import { type StackFile, worldStackFile } from "../support/stack-file";
import { DiagnosisWorld } from "../support/diagnosis-world";

let stands: Stands;
let world: DiagnosisWorld;
let stack: StackFile;
beforeAll(async () => {
  stands = await standBehind();
  stack = worldStackFile();
});
afterAll(async () => {
  await stands.close();
  stack.remove();
});
beforeEach(async () => (world = await DiagnosisWorld.start(stands)));
afterEach(() => world.api.close());

async function run(more: readonly string[] = [], onStderr: (interrupt: () => void) => void = () => undefined) {
  world.publish();
  let [stdout, stderr] = ["", ""];
  const interrupt = new AbortController();
  const code = await runCommand(
    ["diagnose", "test", "--config-file", stack.path, "--kubeconfig", world.api.kubeconfig, ...more],
    {
      stdin: Readable.from([]),
      stdout: { write: (text) => (stdout += text) },
      stderr: {
        write: (text) => {
          stderr += text;
          onStderr(() => interrupt.abort(new Error("interrupted by SIGINT")));
        },
      },
      env: {},
      signal: interrupt.signal,
    },
  );
  return { code, stdout, stderr };
}

/** The look's moment is now, the world's is not: what was an hour ago there is long ago here. */
const mismatch = (): void => {
  world.env(P, "mlserver", { MLSERVER_GRPC_PORT: "9600" });
  world.ports(P, { 9500: "refused", 9600: "grpc" });
  agentWaits(world);
  world.unreadyModel();
};

it("says that nothing is wrong, with exit code 0", async () => {
  const { code, stdout } = await run();
  expect(stdout).toMatch(/^seldon-k3s diagnose: stack test\n[^]*\nnothing wrong found \(\d.*, exit code 0\)\n$/);
  expect(code).toBe(0);
});

it("names the cause with evidence, commands and what it is not, with exit code 1", async () => {
  const { code, stdout } = await run();
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/Symptoms/);
  mismatch();
  const broken = await run();
  expect(broken.code).toBe(1);
  for (const pattern of [
    /Symptoms\n {2}- financial-ml: pod mlserver-0: Running, 2\/3 containers ready/,
    /1\. MLServer listens on other ports than the agent and the probes ask \(certain; ports-differ\)\n {2}where {5}pod financial-ml\/mlserver-0\n/,
    / {2}evidence {2}127\.0\.0\.1:9500 refused after /,
    / {2}repeat {4}kubectl --kubeconfig \S+ -n financial-ml port-forward pod\/mlserver-0 9500:9500 & sleep 1; grpcurl/,
    / {2}mend {6}set MLSERVER_GRPC_PORT and SELDON_SERVER_GRPC_PORT to the same port/,
    /Not the cause\n[^]*The CNI is not involved: in financial-ml\/mlserver-0\n? *127\.0\.0\.1:9000 answered/,
    /\ncause: MLServer listens on other ports .* \(.*, exit code 1\)\n$/,
  ])
    expect(broken.stdout.replace(/\n {4}(?=\S)/g, " ")).toMatch(pattern);
});

it("writes JSON for programs", async () => {
  mismatch();
  const { code, stdout } = await run(["--json"]);
  const report = JSON.parse(stdout) as Record<string, unknown>;
  expect(report).toMatchObject({
    version: 1,
    kind: "seldon-k3s.diagnosis",
    command: "diagnose",
    stack: "test",
    exitCode: 1,
    causes: [{ rule: "ports-differ", word: "certain", subjects: [{ kind: "pod", name: P }] }],
    unexplained: [],
    gaps: [{ what: "machines", chosen: true }],
  });
  expect(code).toBe(1);
});

it("puts what a cause brings about under it", async () => {
  world.unreadyModel();
  for (const name of ["mlserver-0", "mlserver-1"]) {
    mlserverSilent(world, 20, name);
    // Started just now, by the clock of this run.
    world.container(name, "mlserver").status.state = { running: { startedAt: new Date().toISOString() } };
  }
  const { stdout } = await run();
  expect(stdout).toMatch(
    /1\. MLServer is still starting[^]*where {5}pod financial-ml\/mlserver-0, pod financial-ml\/mlserver-1\n/,
  );
  expect(stdout).toMatch(
    /therefore no replica of the Server is connected to the scheduler \(Model financial-ml\/iris\)/,
  );
  expect(stdout).not.toMatch(/^2\. /m);
});

it("a missing right is a gap: exit code 2 where nothing else is wrong, and the rest is still judged", async () => {
  const forbidden = {
    status: 403,
    json: {
      kind: "Status",
      message:
        'models.mlops.seldon.io is forbidden: User "ci" cannot list resource "models" in API group "mlops.seldon.io" in the namespace "financial-ml"',
    },
  };
  world.publish = ((publish) => () => {
    publish();
    world.api.replies.set("/apis/mlops.seldon.io/v1alpha1/namespaces/financial-ml/models", forbidden);
  })(world.publish.bind(world));
  const clean = await run();
  expect(clean.stdout.replace(/\s+/g, " ")).toContain(
    '- Models: missing right: user "ci" may not list models.mlops.seldon.io in namespace financial-ml',
  );
  expect(clean.code).toBe(2);
  mismatch();
  expect((await run()).code).toBe(1);
});

it("port-forward without the right is one gap, and rules that need no port still speak", async () => {
  mismatch();
  world.api.refuseUpgrade = 403;
  const { code, stdout } = await run(["--json"]);
  const { causes, gaps } = JSON.parse(stdout) as {
    causes: { rule: string; word: string }[];
    gaps: { reason: string }[];
  };
  expect(causes[0]).toMatchObject({ rule: "ports-differ" });
  expect(gaps.map(({ reason }) => reason).slice(1)).toEqual([
    "missing right: may not get or create pods/portforward in namespace financial-ml",
  ]);
  expect(code).toBe(1);
});

it("pods of other namespaces that may not be read leave ours", async () => {
  mismatch();
  world.publish = ((publish) => () => {
    publish();
    world.api.replies.set("/api/v1/pods", {
      status: 403,
      json: {
        kind: "Status",
        message: 'pods is forbidden: User "ci" cannot list resource "pods" in API group "" at the cluster scope',
      },
    });
  })(world.publish.bind(world));
  const { stdout } = await run(["--json"]);
  const { causes, gaps } = JSON.parse(stdout) as { causes: { rule: string }[]; gaps: { what: string }[] };
  expect(causes.map(({ rule }) => rule)).toEqual(["ports-differ"]);
  expect(gaps.map(({ what }) => what)).toEqual(["machines", "pods of other namespaces"]);
});

it("does not speak of another cluster", async () => {
  world.publish = ((publish) => () => {
    publish();
    world.api.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: "other" } });
  })(world.publish.bind(world));
  const { code, stdout, stderr } = await run();
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^error: UID other: this is another cluster; fix: use the kubeconfig of stack test's cluster/);
  expect(code).toBe(2);
});

it("ends soon after an interruption", async () => {
  mismatch();
  const { code, stderr } = await run([], (interrupt) => interrupt());
  expect(stderr).toMatch(/interrupted by SIGINT/);
  expect(code).toBe(1);
});

it("ends at its bound when an answer never ends, and says how to give it longer", async () => {
  world.publish = ((publish) => () => {
    publish();
    world.api.replies.set("/api/v1/nodes", "stall");
  })(world.publish.bind(world));
  const { code, stderr } = await run(["--timeout", "1"]);
  expect(stderr).toMatch(/error: the look's time of 1 s was over; fix: --timeout 2/);
  expect(code).toBe(2);
});
