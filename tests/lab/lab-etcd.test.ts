/** What the stand-in for K3s promises of a cluster with several servers. Part of the full run (`npm run test:lab -- --full`). */
import type { LabHost } from "./host";
import { DEFAULT_VERSION, PINNED_FOLDER } from "./host-files";
import { Lab } from "./lab";
import { waitFor } from "./processes";
import { whyNoLab } from "./tools";

const why = whyNoLab() ?? (process.env["LAB_FULL"] ? undefined : "only in the full run");
const suite = why === undefined ? describe : describe.skip;
const MINUTES = 60_000;
jest.setTimeout(MINUTES);

const NEWER = "v1.33.8+k3s1";
const NEWER_FOLDER = "/opt/k3s-newer";

suite(`a lab of three servers and an empty machine${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.start({ topology: "3s1a", empty: ["a1"], versions: { [NEWER]: NEWER_FOLDER } });
  }, 10 * MINUTES);

  afterAll(async () => {
    await lab?.stop();
  }, MINUTES);

  /** Installs the stand-in with a config.yaml, without starting it. */
  async function prepare(host: LabHost, config: string, flags = ""): Promise<void> {
    await host.must("rm -rf /etc/rancher/k3s && mkdir -p /etc/rancher/k3s && cat >/etc/rancher/k3s/config.yaml", {
      input: config,
    });
    await host.must(
      `cp ${PINNED_FOLDER}/k3s /usr/local/bin/k3s && INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_SKIP_START=true sh ${PINNED_FOLDER}/install.sh ${flags}`,
    );
  }

  const token = () => lab.host("s1").must("cat /var/lib/rancher/k3s/server/token");

  /** What a `k3s` that does not start says at its end. */
  async function refusal(host: LabHost, command: string): Promise<string> {
    const { code, stderr } = await host.exec(["timeout", "30", "sh", "-c", `k3s ${command}`]);
    expect(code).toBe(1);
    return stderr.trim().split("\n").at(-1) ?? "";
  }

  const voters = async () =>
    (
      await lab.kubectl([
        "get",
        "nodes",
        "-o",
        'jsonpath={range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="EtcdIsVoter")].status} {end}',
      ])
    ).trim();

  const ready = (host: LabHost) =>
    waitFor(
      `API server of ${host.name}`,
      120,
      async () => (await host.exec("k3s kubectl get --raw /readyz")).code === 0 || undefined,
    );

  test("has three voting members", async () => {
    expect(
      await waitFor("the conditions", 30, async () =>
        (await voters()).split("True").length === 4 ? voters() : undefined,
      ),
    ).toBe("s1=True s2=True s3=True");
  });

  test("saves snapshots that only root can read", async () => {
    const s1 = lab.host("s1");
    await s1.must("k3s etcd-snapshot save --name before");
    expect(await s1.must("cd /var/lib/rancher/k3s/server/db/snapshots && stat -c '%a %n' before-s1-*")).toMatch(
      /^600 before-s1-\d+\n$/,
    );
    // etcd's own mark: whole pages, then the SHA-256 of them.
    expect(Number(await s1.must("cat /var/lib/rancher/k3s/server/db/snapshots/before-s1-* | wc -c")) % 512).toBe(32);
  });

  test("refuses an agent that has a server's key, a wrong token, or a token of another cluster", async () => {
    const a1 = lab.host("a1");
    const server = "server: https://192.0.2.11:6443\n";
    await prepare(a1, `${server}token: ${await token()}flannel-backend: none\n`, "agent");
    expect(await refusal(a1, "agent")).toContain("flag provided but not defined: -flannel-backend");
    await prepare(a1, `${server}token: wrong\n`, "agent");
    expect(await refusal(a1, "agent")).toContain("is the token right?");
    await prepare(a1, `${server}token: K10${"0".repeat(64)}::server:wrong\n`, "agent");
    expect(await refusal(a1, "agent")).toContain("token CA hash does not match");
    await prepare(a1, `${server}token: ${await token()}`, "agent");
    expect(await refusal(a1, "agent --no-such-flag=1")).toContain("flag provided but not defined: -no-such-flag");
  });

  test("refuses a server that contradicts the cluster", async () => {
    const a1 = lab.host("a1");
    await prepare(a1, `server: https://192.0.2.11:6443\ntoken: ${await token()}cluster-cidr: 10.99.0.0/16\n`, "server");
    expect(await refusal(a1, "server")).toContain(
      "critical configuration value mismatch between servers: cluster-cidr",
    );
    await a1.must("k3s-uninstall.sh");
  });

  test(
    "comes back when all servers lose their power",
    async () => {
      await Promise.all(lab.servers.map((server) => server.powerCut()));
      await Promise.all(lab.servers.map((server) => server.boot()));
      await Promise.all(lab.servers.map(ready));
      expect(await voters()).toBe("s1=True s2=True s3=True");
    },
    5 * MINUTES,
  );

  test(
    "takes the member of a deleted node out of etcd",
    async () => {
      await lab.kubectl(["delete", "node", "s3", "--timeout=60s"]);
      const list =
        "cd /var/lib/rancher/k3s/server/tls/etcd && curl -s --cacert server-ca.crt --cert client.crt --key client.key https://127.0.0.1:2379/v3/cluster/member/list -d '{}'";
      const { members } = JSON.parse(await lab.host("s1").must(list)) as { members: { name: string }[] };
      expect(members.map(({ name }) => name.slice(0, 3)).sort()).toEqual(["s1-", "s2-"]);
    },
    MINUTES,
  );

  test(
    "runs another version after its file was replaced",
    async () => {
      const s2 = lab.host("s2");
      const hash = async (file: string) => (await s2.must(["sha256sum", file])).split(" ")[0];
      expect(await hash(`${NEWER_FOLDER}/k3s`)).not.toBe(await hash(`${PINNED_FOLDER}/k3s`));
      expect(await s2.must("k3s --version")).toContain(`${DEFAULT_VERSION} (lab)`);
      await s2.must(
        `cp ${NEWER_FOLDER}/k3s /usr/local/bin/k3s.new && mv /usr/local/bin/k3s.new /usr/local/bin/k3s && systemctl restart k3s`,
      );
      expect(await s2.must("k3s --version")).toContain(`${NEWER} (lab)`);
      await ready(s2);
    },
    5 * MINUTES,
  );
});
