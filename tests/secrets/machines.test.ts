/**
 * Steps on machines: tokens and kubeconfigs that pass through, and machines whose programs talk too much. Looked at are outputs,
 * messages, command lines, and the modes of what is written.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { inspect } from "../../checks/hosts/inspect";
import { programsDigest, hostPrograms } from "../../components/machines/programs";
import { runKubeconfig } from "../../rollout/kubeconfig/command";
import { withSession } from "../../ssh/client";
import { rollout } from "../rollout/support/io";
import { MiniCluster, UID } from "../rollout/support/mini-cluster";
import { type Ran, type Reply, SshHost, startAgent } from "../rollout/support/ssh-host";
import { saidBy } from "../support/command-io";
import { describeWithSshd } from "../ssh/support/sshd";
import { ALL_MARKERS, markerFor } from "./inputs";
import { type Artifact, leaksOf } from "./scanner";
import { SPOKEN } from "./spoken";

jest.setTimeout(120_000);

const HASH = `K10${"ab".repeat(32)}`;
const OLD = `${HASH}::server:${markerFor("rotation: old token").value}`;
const NEW = `${HASH}::server:${markerFor("rotation: new token").value}`;
const spoken = markerFor("machine: what a program says on standard error").value;
const key = Buffer.from(markerFor("kubeconfig: client-key-data").value).toString("base64");

describeWithSshd("secrets on the way to and from machines", () => {
  let agent: Awaited<ReturnType<typeof startAgent>>;
  let cluster: MiniCluster;
  const hosts: SshHost[] = [];
  let folder: string;

  beforeAll(async () => {
    agent = await startAgent();
    cluster = await MiniCluster.start();
    for (const name of ["s1", "s2", "a1"]) hosts.push(await SshHost.start(name, agent.keys));
  });
  afterAll(async () => {
    await Promise.all([...hosts.map((host) => host.stop()), cluster.stop()]);
    await agent.stop();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "secrets-machines-"));
    for (const host of hosts) host.ran.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const base = () => ({ stack: "test", kubeconfig: cluster.kubeconfig, uid: UID, timeoutSeconds: 30 });
  const rotation = (more = {}) => ({
    ...base(),
    what: "token",
    servers: hosts.slice(0, 2).map(({ target }) => target),
    agents: hosts.slice(2).map(({ target }) => target),
    preview: false,
    tokenFile: join(folder, "token"),
    ...more,
  });
  /** What a run prints, what machines see as command lines, and what lies in the folder for others to read. */
  const produced = (said: { stdout: string; stderr: string }): Artifact[] => [
    { name: "standard output", text: said.stdout },
    { name: "standard error", text: said.stderr },
    {
      name: "command lines on machines",
      text: hosts.flatMap(({ ran }) => ran.map(({ command }) => command)).join("\n"),
    },
    ...readdirSync(folder)
      .filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0)
      .map((name) => ({ name: `file for everybody, ${name}`, text: readFileSync(join(folder, name), "utf8") })),
  ];
  const leaks = (said: { stdout: string; stderr: string }): string[] => leaksOf(produced(said), ALL_MARKERS);

  /** A rotation that works; everything that a machine says on standard error is told. */
  const working =
    (chatter: string) =>
    ({ command }: Ran): Reply => {
      const stderr = `seldon-k3s: here: ${chatter}\n`;
      if (command.endsWith(" open")) return { stdout: "rotation token-1\n", stderr };
      if (command.endsWith(" give")) return { stdout: `form secure\nold ${OLD}\nnew ${NEW}\n`, stderr };
      return { stderr };
    };

  test("the rotation of the token: both tokens stay between the machines and the file", async () => {
    for (const host of hosts) host.reply = working("K3s would be restarted");
    const done = await rollout("rotate", rotation());
    expect(done.exitCode).toBe(0);
    // The control: they did pass through this process.
    expect(hosts.some(({ ran }) => ran.some(({ stdin }) => stdin.toString().includes(NEW)))).toBe(true);
    expect(readFileSync(join(folder, "token"), "utf8")).toBe(`${NEW}\n`);
    expect(statSync(join(folder, "token")).mode & 0o777).toBe(0o600);
    expect(leaks(done)).toEqual([]);
  });

  test("a rotation that is given half a token, or twice the same, shows neither", async () => {
    for (const text of [`form secure\nold ${OLD}\n`, `form secure\nold ${OLD}\nnew ${OLD}\n`, `${OLD} ${NEW}\n`]) {
      for (const host of hosts) host.reply = working("well");
      hosts[0]!.reply = (ran) => (ran.command.endsWith(" give") ? { stdout: text } : working("well")(ran));
      const done = await rollout("rotate", rotation({ tokenFile: join(folder, `token-${text.length}`) }));
      expect(done.exitCode).not.toBe(0);
      expect(leaks(done)).toEqual([]);
    }
  });

  describe.each(SPOKEN.map((speak) => [speak("SECRET"), speak] as const))("machines that say %j", (_, speak) => {
    const chatter = speak(spoken);
    const says = { stderr: `seldon-k3s: here: ${chatter}\n` };

    test("while they work", async () => {
      for (const host of hosts) host.reply = working(chatter);
      const done = await rollout("rotate", rotation());
      expect(done.exitCode).toBe(0);
      expect(leaks(done)).toEqual([]);
      expect(leaks(await rollout("rotate", rotation({ preview: true, tokenFile: undefined })))).toEqual([]);
    });

    test("when they fail: a rotation, the programs, a look", async () => {
      for (const host of hosts) host.reply = () => ({ code: 1, ...says });
      const targets = hosts.map(({ target }) => target);
      const digest = programsDigest(hostPrograms());
      const failed = [
        await rollout("rotate", rotation()),
        await rollout("programs", { ...base(), targets, converge: 0, programs: digest }),
      ];
      hosts[0]!.reply = (ran) => (ran.command.endsWith(" do") ? { code: 1, ...says } : working("well")(ran));
      failed.push(await rollout("rotate", rotation({ tokenFile: join(folder, "other") })));
      for (const done of failed) {
        expect(done.exitCode).not.toBe(0);
        expect(leaks(done)).toEqual([]);
      }
      const look = withSession(targets[2]!, {}, (session) =>
        inspect(session, targets[2]!, AbortSignal.timeout(20_000)),
      );
      const told = await look.then(String, (error: Error) => error.message);
      expect(told).toContain("hosts/inspect ended with exit code 1");
      expect(leaks({ stdout: told, stderr: "" })).toEqual([]);
    });
  });

  test("a kubeconfig is written for its owner alone, and nothing of it is printed", async () => {
    const user = { "client-certificate-data": "Q0VSVA==", "client-key-data": key };
    const authority = { server: "https://127.0.0.1:6443", "certificate-authority-data": "Q0E=" };
    const good = dump({ clusters: [{ name: "default", cluster: authority }], users: [{ name: "default", user }] });
    const file = join(folder, "kubeconfig.yaml");
    const { port, hostKey } = hosts[0]!.target;
    const config = {
      cluster: { name: "shop", kubeconfigFile: file, uid: UID, endpoint: "https://192.0.2.11:6443" },
      k3s: { version: "v1.33.1+k3s1", datastore: "sqlite", secretsEncryption: false },
      network: { nodeCidrs: ["192.0.2.0/24"] },
      cni: { provider: "flannel" },
      hosts: { servers: [{ name: "s1", address: "192.0.2.11", sshAddress: "127.0.0.1", port, hostKey }] },
    };
    const stackFile = join(folder, "Pulumi.shop.yaml");
    writeFileSync(
      stackFile,
      dump({
        config: Object.fromEntries(Object.entries(config).map(([name, value]) => [`seldon-k3s:${name}`, value])),
      }),
    );
    const bring = () => saidBy(runKubeconfig, ["shop", "--config-file", stackFile]);
    for (const [text, code] of [
      [good, 0],
      [`${good}broken: [\n`, 1],
      [good.replace("client-certificate-data", "nothing"), 1],
      [`client-key-data: ${key}\n`, 1],
    ] as const) {
      rmSync(file, { force: true });
      hosts[0]!.reply = () => ({ stdout: text, stderr: `client-key-data: ${key}\n` });
      const done = await bring();
      expect([text, done.code]).toEqual([text, code]);
      expect(leaks(done)).toEqual([]);
      if (code === 0) expect(readFileSync(file, "utf8")).toContain(key);
    }
    hosts[0]!.reply = () => ({ code: 1, stderr: `cat: client-key-data: ${key}\n` });
    expect(leaks(await bring())).toEqual([]);
  });
});
