/** `npm run adopt` against a fake API server: what it says, writes and ends with. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAdopt } from "../../../tools/adopt/command";
import { LiveCluster, type LiveObject } from "../../checks/support/live-cluster";
import { UID } from "../../checks/support/seldon-cluster";
import { Emulator } from "../../terminal/support/emulator";
import { type Said, saidBy } from "../../support/command-io";

// The first test loads the engine's packages.
jest.setTimeout(60_000);

const NAMESPACE = "seldon";
const SELDON = "mlops.seldon.io/v1alpha1";
const OURS = { "app.kubernetes.io/managed-by": "seldon-k3s" };
const BY_KUBECTL = "kubectl-client-side-apply";

let folder: string;
let live: LiveCluster;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "adopt-test-"));
  live = await LiveCluster.start();
});

afterEach(async () => {
  await live.api.close();
  rmSync(folder, { recursive: true, force: true });
});

function stackFile(cluster: object = {}, policies: object = { enabled: false }): string {
  const file = join(folder, "Pulumi.taken.yaml");
  const values = {
    cluster: {
      name: "taken",
      kubeconfigFile: live.api.kubeconfig,
      uid: UID,
      endpoint: "https://192.0.2.1:6443",
      takeOver: true,
      ...cluster,
    },
    network: { nodeCidrs: ["192.0.2.0/24"] },
    seldon: { namespace: NAMESPACE },
    policies,
  };
  const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`seldon-k3s:${key}`, value]));
  writeFileSync(file, JSON.stringify({ config }));
  return file;
}

const adopt = (...more: string[]): Promise<Said> => adoptWith(stackFile(), ...more);
const adoptWith = (file: string, ...more: string[]): Promise<Said> =>
  saidBy(runAdopt, ["taken", "--config-file", file, "--out", join(folder, "import"), ...more]);

const namespace = (labels: object = {}): LiveObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: NAMESPACE, labels },
});
const server = (podSpec: object = {}): LiveObject => ({
  apiVersion: SELDON,
  kind: "Server",
  metadata: { name: "mlserver", namespace: NAMESPACE },
  spec: { serverConfig: "mlserver", replicas: 1, podSpec },
});
const policy: LiveObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "open", namespace: NAMESPACE },
  spec: { podSelector: {}, ingress: [{}] },
};

const writes = (): string[] => live.api.requests.filter((line) => !line.startsWith("GET ") && !/dryRun=All/.test(line));

test("nothing to take over: said, no files, exit code 0", async () => {
  const { code, stdout, stderr } = await adopt();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("No import files: nothing is to take over.");
  expect(stdout).toContain(`Namespace ${NAMESPACE}`);
  expect(stdout).not.toContain("Next:");
  expect(existsSync(join(folder, "import"))).toBe(false);
});

test("what the stack wrote before is its already", async () => {
  live.put(namespace(OURS));
  live.release("seldon-core-v2-setup", { chart: "seldon-core-v2-setup-2.10.2" });
  const { code, stdout } = await adopt();
  expect(code).toBe(0);
  expect(stdout).toContain("The stack's already (2)");
  expect(stdout).toContain("No import files: nothing is to take over.");
});

test("half of it the stack's already: the files hold all that exists", async () => {
  live.put(namespace(OURS));
  live.put(server(), BY_KUBECTL);
  const { code, stdout } = await adopt();
  expect(code).toBe(0);
  expect(stdout).toContain("Taken over (1)");
  const { resources } = JSON.parse(readFileSync(join(folder, "import/2-resources.json"), "utf8")) as {
    resources: { id?: string }[];
  };
  expect(resources.flatMap(({ id }) => id ?? [])).toEqual([NAMESPACE, `${NAMESPACE}/mlserver`]);
  expect(stdout).toMatch(
    /pulumi import --file \S*1-components\.json .*\n.*pulumi import --file \S*2-resources\.json .* --protect=false/,
  );
  expect(writes()).toEqual([]);
});

test("a Helm release that Helm will not upgrade, and an object of a release that the stack does not know", async () => {
  live.put(namespace(), "kubectl-create");
  live.release("seldon-core-v2-setup", {
    chart: "seldon-core-v2-setup-2.10.2",
    status: "pending-upgrade",
    revision: 3,
  });
  live.release("seldon-core-v2-servers", { chart: "seldon-core-v2-servers-2.10.2" });
  const helm = { "meta.helm.sh/release-name": "seldon-core-v2-servers", "meta.helm.sh/release-namespace": NAMESPACE };
  live.put({ ...server(), metadata: { ...server().metadata, annotations: helm } }, "helm");
  const { code, stdout } = await adopt("--json");
  const report = JSON.parse(stdout) as Record<string, { why: string }[] & string[] & { name: string }[]>;
  expect(code).toBe(1);
  expect(report["obstacles"]!.map(({ why }) => why)).toEqual([
    "its revision 3 is pending-upgrade, and Helm refuses to upgrade it",
  ]);
  expect(report["otherReleases"]).toEqual([
    { name: "seldon-core-v2-servers", namespace: NAMESPACE, status: "deployed" },
  ]);
  expect(report["notes"]!.join()).toContain(
    `release ${NAMESPACE}/seldon-core-v2-servers counts Server mlserver as its own`,
  );
  expect(report["notes"]!.join()).toContain("delete secret -l owner=helm,name=seldon-core-v2-servers");
});

test("what the API server refuses stands in the way", async () => {
  live.put(namespace(), "kubectl-create");
  const message = 'Namespace "seldon" is invalid: metadata.labels: field is immutable';
  live.api.patches.set(`/api/v1/namespaces/${NAMESPACE}`, () => ({
    status: 422,
    json: { kind: "Status", reason: "Invalid", message },
  }));
  const { code, stdout } = await adopt();
  expect(code).toBe(1);
  expect(stdout.replace(/\s+/g, " ")).toContain(`the API server refuses the declaration: ${message}`);
  expect(existsSync(join(folder, "import/2-resources.json"))).toBe(true);
});

test("who would be cut off once the policies act", async () => {
  live.put(namespace(), "kubectl-create");
  const pod = (home: string, name: string, port: number, labels: Record<string, string> = {}) => ({
    metadata: { name, namespace: home, labels },
    spec: { containers: [{ name: "c", ports: [{ containerPort: port }] }] },
    status: { phase: "Running" },
  });
  const scheduler = pod(NAMESPACE, "scheduler", 9004, { "app.kubernetes.io/name": "seldon-scheduler" });
  live.api.list("/api/v1/pods", [scheduler, pod(NAMESPACE, "notebook", 8888), pod("shop", "web", 8080)]);
  const { stdout } = await adoptWith(stackFile({}, { takenOver: [NAMESPACE] }), "--json");
  const { cut } = JSON.parse(stdout) as { cut: string[] };
  expect(cut).toContain(
    `${NAMESPACE}/Pod notebook: no row of the flow table is about it; it would reach the DNS and nothing else, and nobody it`,
  );
  expect(cut.find((line) => line.startsWith(`${NAMESPACE}/Pod scheduler, TCP`))).toMatch(
    /9004.*: closed to seldon\/Pod notebook, shop\/Pod web$/,
  );
  expect(cut).toContain(`${NAMESPACE}/Pod scheduler: no way to shop/Pod web, TCP 8080`);
});

test("what could not be looked at leaves no files behind, and says verb and resource", async () => {
  live.put(namespace(), "kubectl-create");
  live.api.patches.set(`/api/v1/namespaces/${NAMESPACE}`, () => ({
    status: 403,
    json: {
      kind: "Status",
      reason: "Forbidden",
      message: `namespaces "${NAMESPACE}" is forbidden: User "eve" cannot patch resource "namespaces" in API group "" in the namespace "${NAMESPACE}"`,
    },
  }));
  const { code, stdout } = await adopt();
  expect(code).toBe(2);
  expect(stdout.replace(/\s+/g, " ")).toContain('user "eve" may not patch namespaces');
  expect(stdout).toContain("No import files: part of the cluster could not be looked at");
  expect(existsSync(join(folder, "import"))).toBe(false);
});

describe("--remove-workarounds", () => {
  const open = server({ hostNetwork: true });

  test("an allow-all policy stays while nothing of the stack takes its place", async () => {
    live.put(policy, BY_KUBECTL);
    live.api.write = () => ({ json: {} });
    const { code, stdout } = await adopt("--remove-workarounds", "--yes");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^REFUSED +NetworkPolicy seldon\/open: delete the policy$/m);
    expect(stdout).toContain(`the stack declares no policy in namespace ${NAMESPACE}`);
  });

  test("a preview sends dry runs only, also of the deletion", async () => {
    live.put(policy, BY_KUBECTL);
    const sent: unknown[] = [];
    live.api.write = (method, path, body) => {
      sent.push([method, path, body]);
      return { json: {} };
    };
    await adopt("--remove-workarounds");
    expect(sent).toEqual([
      [
        "DELETE",
        `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies/open`,
        { preconditions: { resourceVersion: "1" }, dryRun: ["All"] },
      ],
    ]);
  });

  test("a right that is missing fails the step before anything changes, and the rest is not reached", async () => {
    live.put(open, BY_KUBECTL);
    live.put(policy, BY_KUBECTL);
    const path = `/apis/${SELDON}/namespaces/${NAMESPACE}/servers/mlserver`;
    const message = 'servers.mlops.seldon.io "mlserver" is forbidden: User "eve" cannot patch resource "servers"';
    live.api.patches.set(path, () => ({ status: 403, json: { kind: "Status", reason: "Forbidden", message } }));
    const file = stackFile();
    const flannel = JSON.parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    flannel.config["seldon-k3s:cni"] = { provider: "flannel" };
    writeFileSync(file, JSON.stringify(flannel));
    const { code, stdout } = await adoptWith(file, "--remove-workarounds", "--yes");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED +Server seldon\/mlserver: take away spec\.podSpec\.hostNetwork$/m);
    expect(stdout).toContain(message);
    expect(stdout).toMatch(/^NOT REACHED +NetworkPolicy seldon\/open/m);
    expect(writes()).toEqual([]);
  });
});

describe("on a terminal", () => {
  const onTerminal = (terminal: Emulator, ...more: string[]): Promise<Said> =>
    saidBy(runAdopt, ["taken", "--config-file", stackFile(), ...more], undefined, terminal);
  const names = (terminal: Emulator): string[] =>
    terminal.all.map((line) => line.replace(/ {2}\d+\.\d s.*$/, "").replace(/ +$/, ""));

  test("there is a line for everything that is looked at, and it stays where the report goes elsewhere", async () => {
    const terminal = new Emulator(100);
    const { code, stdout } = await onTerminal(terminal);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^seldon-k3s adopt/);
    expect(names(terminal)).toEqual([
      expect.stringMatching(/^adopt taken \(\d+\.\d s\): 7 done$/),
      "done     what the stack declares",
      "done     the cluster's identity",
      "done     objects and releases of the stack",
      "done     releases over existing objects",
      "done     other releases",
      "done     objects beside the declared ones",
      "done     who would be cut off",
    ]);
  });

  test("another cluster is a line that failed, and the reason follows it", async () => {
    const terminal = new Emulator(100);
    const file = stackFile({ uid: "00000000-0000-4000-8000-00000000dead" });
    const { code } = await saidBy(runAdopt, ["taken", "--config-file", file], undefined, terminal);
    expect(code).toBe(1);
    expect(names(terminal).slice(1)).toEqual([
      "done     what the stack declares",
      "failed   the cluster's identity",
      expect.stringContaining("this is another cluster") as string,
      ...terminal.all.slice(4),
    ]);
  });
});

describe("bad input", () => {
  test.each([
    [["--yes"], "--yes means something only with --remove-workarounds"],
    [["--outt", "x"], "Unknown option '--outt'"],
    [["more"], 'unexpected argument "more"'],
  ])("%j", async (args, message) => {
    const { code, stderr, stdout } = await adopt(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("no stack, one that does not exist, and help", async () => {
    expect(await saidBy(runAdopt, [])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("missing <stack>") as string,
    });
    expect((await saidBy(runAdopt, ["stagin"])).stderr).toContain('Did you mean "staging"?');
    const { code, stdout } = await saidBy(runAdopt, ["--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run adopt -- <stack> \[options\]/);
    expect(stdout).toContain("--remove-workarounds");
  });

  test("a stack that does not name its cluster", async () => {
    const file = stackFile();
    const content = JSON.parse(readFileSync(file, "utf8")) as { config: { "seldon-k3s:cluster": { uid?: string } } };
    delete content.config["seldon-k3s:cluster"].uid;
    writeFileSync(file, JSON.stringify(content));
    const { code, stderr } = await adoptWith(file);
    expect(code).toBe(2);
    expect(stderr).toContain("cluster.uid");
    expect(live.api.requests).toEqual([]);
  });

  test("another cluster is not looked at", async () => {
    const { code, stderr, stdout } = await adoptWith(stackFile({ uid: "00000000-0000-4000-8000-00000000dead" }));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("this is another cluster");
    expect(live.api.requests.every((line) => /kube-system|version/.test(line))).toBe(true);
  });

  test("an interruption", async () => {
    const interrupted = AbortSignal.abort(new Error("interrupted"));
    const { code, stderr } = await saidBy(runAdopt, ["taken", "--config-file", stackFile()], interrupted);
    expect(code).toBe(130);
    expect(stderr).toContain("interrupted");
  });

  test("a folder that cannot be written", async () => {
    live.put(namespace(), "kubectl-create");
    writeFileSync(join(folder, "import"), "a file");
    const { code, stderr } = await adopt();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: cannot write .*1-components\.json: /);
  });
});
