/** What keeps commands from looking, made for real: a real API server's TLS, tokens, kinds and silence. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { dump, load } from "js-yaml";
import { COMMAND_NAMES, runCommand } from "../../checks/cli/commands";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { startTestControlPlane, type TestControlPlane } from "./support/control-plane";

jest.setTimeout(300_000);

/** A certificate authority that signed nothing here; its key was thrown away. */
const OTHER_CA = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBizCCATGgAwIBAgIUQtS7LSCe8jE3+U9LIYyjTVHeOkEwCgYIKoZIzj0EAwIw",
  "GjEYMBYGA1UEAwwPYW5vdGhlciBjbHVzdGVyMCAXDTI2MTEyMzAzMDEwMloYDzIx",
  "MjYxMDMwMDMwMTAyWjAaMRgwFgYDVQQDDA9hbm90aGVyIGNsdXN0ZXIwWTATBgcq",
  "hkjOPQIBBggqhkjOPQMBBwNCAAR4i1WujW60kNrfuMg4/m3af27ehQiZgwuuaQ8q",
  "yXh1t7/to5CBkJG7xook/hk4oEMWHCCJnSmWJzFTHQVnqTc0o1MwUTAdBgNVHQ4E",
  "FgQUC+PW2SzahUEvJ4ioshrwRxbtD0EwHwYDVR0jBBgwFoAUC+PW2SzahUEvJ4io",
  "shrwRxbtD0EwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBrUPMc",
  "begs7JP/YqiKJ1aeXuwufUT0D3lbQCjFhoIOLQIhALioiJHI9XEmai7XjiupfpoZ",
  "o9WfCBgrOQDYYL83Ed8U",
  "-----END CERTIFICATE-----",
].join("\n");

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}

let cluster: TestControlPlane;
let uid: string;
let file: string;

beforeAll(async () => {
  cluster = await startTestControlPlane();
  const system = (await cluster.client.get("/api/v1/namespaces/kube-system")) as KubernetesObject;
  uid = system.metadata.uid ?? "";
  file = join(cluster.run.folder("bad-input"), "kubeconfig.yaml");
});

afterAll(() => cluster?.stop());

function kubeconfig(change: (config: Kubeconfig) => void = () => undefined): void {
  const config = load(readFileSync(cluster.kubeconfig, "utf8")) as Kubeconfig;
  change(config);
  writeFileSync(file, dump(config));
}

/** A stack without machines. */
const stackFile = (): string => `config:
  seldon-k3s:cluster:
    name: test
    kubeconfigFile: /nowhere/kubeconfig.yaml
    uid: ${uid}
    endpoint: https://192.0.2.10:6443
  seldon-k3s:network:
    nodeCidrs: [192.0.2.0/24]
`;

/** Runs one command as a person would, with the kubeconfig at hand. */
async function run(command: string): Promise<{ command: string; code: number; printed: string }> {
  const config = join(cluster.run.folder("stack"), "Pulumi.test.yaml");
  writeFileSync(config, stackFile());
  let printed = "";
  const stream = { write: (text: string) => (printed += text) };
  const code = await runCommand([command, "test", "--config-file", config, "--kubeconfig", file], {
    stdin: Readable.from([]),
    stdout: stream,
    stderr: stream,
    env: {},
    signal: new AbortController().signal,
  });
  return { command, code, printed };
}

// The gate takes its subject from a deployment; the unit tests try it.
const BY_STACK = COMMAND_NAMES.filter((name) => name !== "gate");

async function eachSays(line: RegExp, commands: readonly string[] = BY_STACK, expected = 2): Promise<void> {
  for (const { command, code, printed } of await Promise.all(commands.map(run))) {
    expect([command, printed.split("\n").find((one) => line.test(one)) ?? printed]).toEqual([
      command,
      expect.stringMatching(line),
    ]);
    expect([command, code]).toEqual([command, expected]);
  }
}

/** What there is in the cluster that a command could have left; the account that every namespace gets comes by itself. */
async function contents(): Promise<string[]> {
  const accounts = "/api/v1/serviceaccounts";
  const paths = ["/api/v1/namespaces", "/api/v1/pods", accounts, "/apis/networking.k8s.io/v1/networkpolicies"];
  const lists = await Promise.all(
    paths.map(async (path) =>
      (await cluster.client.list(path)).filter(({ metadata }) => path !== accounts || metadata.name !== "default"),
    ),
  );
  return lists
    .flat()
    .map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name} ${metadata.uid ?? ""}`)
    .sort();
}

test.each<[string, (config: Kubeconfig) => void, RegExp]>([
  [
    "a token that is none",
    ({ users }) => (users[0]!.user = { token: "no-such-token" }),
    /expired or wrong credentials \(401 Unauthorized\)/,
  ],
  [
    "the authority of another cluster",
    ({ clusters }) => {
      clusters[0]!.cluster["certificate-authority-data"] = Buffer.from(OTHER_CA).toString("base64");
    },
    /its certificate is (self-signed and not|not signed by) the kubeconfig's authority/,
  ],
  [
    "the port of something else",
    ({ clusters }) => (clusters[0]!.cluster["server"] = "https://127.0.0.1:1"),
    /API server https:\/\/127\.0\.0\.1:1: connection refused: nothing listens there/,
  ],
])("%s", async (_, change, line) => {
  kubeconfig(change);
  const before = await contents();
  await eachSays(line);
  expect(await contents()).toEqual(before);
});

test("a stack of another cluster", async () => {
  kubeconfig();
  const before = await contents();
  const own = uid;
  uid = "11111111-2222-4333-8444-555555555555";
  try {
    await eachSays(new RegExp(`UID ${own}: this is another cluster`));
  } finally {
    uid = own;
  }
  expect(await contents()).toEqual(before);
});

test("a cluster without Seldon and Calico", async () => {
  kubeconfig();
  const before = await contents();
  await eachSays(/Seldon is half-installed: the CRDs of models, servers, seldonruntimes are absent/, ["validate"]);
  // Other declared objects are absent too, and drift beats what could not be looked at.
  await eachSays(/the API server knows no Installation of operator\.tigera\.io\/v1: the CRD is absent/, ["drift"], 7);
  expect(await contents()).toEqual(before);
});

test("an API server that stands still", async () => {
  kubeconfig();
  const { pid } = cluster.supervisor.running.find(({ name }) => name === "kube-apiserver")!;
  process.kill(pid, "SIGSTOP");
  try {
    await eachSays(/no answer within 5 s to GET \/api\/v1\/namespaces\/kube-system/);
  } finally {
    process.kill(pid, "SIGCONT");
  }
});
