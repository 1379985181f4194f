/** The command as a person runs it: a stack file, a server behind SSH, and a kubeconfig that works or does not. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { dump, load } from "js-yaml";
import { runKubeconfig } from "../../../rollout/kubeconfig/command";
import { kubeconfigText } from "../../checks/support/fake-api";
import { describeWithSshd } from "../../ssh/support/sshd";
import { MiniApi, refusal } from "../support/mini-api";
import { SshHost, startAgent } from "../support/ssh-host";

const UID = "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001";
const SYSTEM = "/api/v1/namespaces";
/** What K3s writes. */
const OF_K3S = dump({
  clusters: [{ name: "default", cluster: { server: "https://127.0.0.1:6443", "certificate-authority-data": "Q0E=" } }],
  users: [{ name: "default", user: { "client-certificate-data": "bmV3", "client-key-data": "a2V5" } }],
  contexts: [{ name: "default", context: { cluster: "default", user: "default" } }],
  "current-context": "default",
});

async function run(...argv: string[]) {
  const written = { stdout: "", stderr: "" };
  const code = await runKubeconfig(argv, {
    stdin: Readable.from([]),
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    env: {},
    signal: new AbortController().signal,
  });
  return { code, ...written };
}

describe("kubeconfig, used wrongly", () => {
  it.each<[string[], number, RegExp]>([
    [["--help"], 0, /^Usage: npm run kubeconfig -- <stack> \[options\]\n[^]*never overwritten/],
    [[], 2, /missing <stack>/],
    [["prod", "extra"], 2, /unexpected argument "extra"/],
    [["stagign"], 2, /"stagign".*[Dd]id you mean "staging"\?/],
    [["sandbox"], 2, /stack sandbox declares no machines \(hosts\).*fix: put the cluster's kubeconfig where/],
  ])("%j", async (argv, code, text) => {
    const done = await run(...argv);
    expect({ code: done.code, text: done.stdout + done.stderr }).toEqual({
      code,
      text: expect.stringMatching(text) as string,
    });
  });
});

describeWithSshd("kubeconfig", () => {
  let agent: Awaited<ReturnType<typeof startAgent>>;
  let host: SshHost;
  let api: MiniApi;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    agent = await startAgent();
    host = await SshHost.start("s1", agent.keys);
  });
  afterAll(async () => {
    await host.stop();
    await agent.stop();
  });
  beforeEach(async () => {
    api = new MiniApi();
    await api.start();
    host.ran.length = 0;
    host.reply = () => ({ stdout: OF_K3S });
    folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
    file = join(folder, "kubeconfig.yaml");
    const { port, hostKey } = host.target;
    const config = {
      cluster: { name: "shop", kubeconfigFile: file, uid: UID, endpoint: "https://192.0.2.11:6443" },
      k3s: { version: "v1.33.1+k3s1", datastore: "sqlite", secretsEncryption: false },
      network: { nodeCidrs: ["192.0.2.0/24"] },
      cni: { provider: "flannel" },
      hosts: { servers: [{ name: "s1", address: "192.0.2.11", sshAddress: "127.0.0.1", port, hostKey }] },
    };
    writeFileSync(
      join(folder, "Pulumi.shop.yaml"),
      dump({ config: Object.fromEntries(Object.entries(config).map(([key, value]) => [`seldon-k3s:${key}`, value])) }),
    );
  });
  afterEach(async () => {
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  const fetch = () => run("shop", "--config-file", join(folder, "Pulumi.shop.yaml"));
  const clusterIs = (uid: string) => api.put(SYSTEM, { metadata: { name: "kube-system", uid } });
  const have = () => writeFileSync(file, kubeconfigText(`http://127.0.0.1:${api.port}`));
  const user = () =>
    (load(readFileSync(file, "utf8")) as { users: { name: string; user: Record<string, string> }[] }).users[0];

  it("brings one where there is none, for its owner only, and prints none of it", async () => {
    const done = await fetch();
    expect(done).toMatchObject({ code: 0, stdout: `kubeconfig ${file}\n` });
    expect(user()).toEqual({ name: "shop", user: { "client-certificate-data": "bmV3", "client-key-data": "a2V5" } });
    expect(readFileSync(file, "utf8")).toContain("server: https://192.0.2.11:6443");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(done.stdout + done.stderr).not.toMatch(/bmV3|a2V5/);
    expect(host.ran.map(({ command }) => command)).toEqual(["cat /etc/rancher/k3s/k3s.yaml"]);
  });

  it("replaces one that the API server no longer accepts, and says why", async () => {
    have();
    clusterIs(UID);
    api.intercept = () => refusal(401, "Unauthorized", "Unauthorized");
    const done = await fetch();
    expect(done.code).toBe(0);
    expect(done.stderr).toMatch(/does not work \(.*401.*\); fetching it anew/);
    expect(user()?.user["client-certificate-data"]).toBe("bmV3");
  });

  it("keeps one that works, and asks no machine", async () => {
    have();
    clusterIs(UID);
    const before = readFileSync(file, "utf8");
    expect((await fetch()).stderr).toContain("works and is kept");
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(host.ran).toEqual([]);
  });

  it("never overwrites one of another cluster", async () => {
    have();
    clusterIs("11111111-2222-4333-8444-555555555555");
    const before = readFileSync(file, "utf8");
    const done = await fetch();
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/leads to another cluster: UID 11111111-.*move it away/);
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(host.ran).toEqual([]);
  });

  it("says what is wrong with the server, and leaves nothing behind", async () => {
    host.reply = () => ({ code: 1, stderr: "cat: no such file\n" });
    const done = await fetch();
    expect(done.code).toBe(1);
    expect(done.stderr).toContain(
      "s1: /etc/rancher/k3s/k3s.yaml cannot be read; is this a K3s server, and does K3s run?",
    );
    expect(existsSync(file)).toBe(false);
    expect(existsSync(`${file}.new`)).toBe(false);
  });
});
