import { createHash, randomBytes } from "node:crypto";
import { describeWithSshd } from "../ssh/support/sshd";
import { rollout } from "./support/io";
import { MiniCluster } from "./support/mini-cluster";
import { type Ran, type Reply, SshHost, startAgent } from "./support/ssh-host";

jest.setTimeout(60_000);

const CONTENT = randomBytes(300_000);
const SHA = createHash("sha256").update(CONTENT).digest("hex");

describeWithSshd("backup", () => {
  let agent: Awaited<ReturnType<typeof startAgent>>;
  let server: SshHost;
  let keeper: SshHost;
  let cluster: MiniCluster;

  const make = ({ stdin }: Ran): Reply => {
    const name = /^name (.*)$/m.exec(stdin.toString())?.[1];
    return { stdout: `backup /var/lib/seldon-k3s/backups/${name}.tar ${SHA} ${CONTENT.length}\n` };
  };

  beforeAll(async () => {
    agent = await startAgent();
    server = await SshHost.start("s1", agent.keys);
    keeper = await SshHost.start("s2", agent.keys);
    cluster = await MiniCluster.start();
  });
  afterAll(async () => {
    await Promise.all([server.stop(), keeper.stop(), cluster.stop()]);
    await agent.stop();
  });
  beforeEach(() => {
    for (const host of [server, keeper]) host.ran.length = 0;
    server.reply = (ran) => (ran.command.includes("backup send") ? { stdout: CONTENT } : make(ran));
    keeper.reply = ({ stdin }) => ({ stdout: `${createHash("sha256").update(stdin).digest("hex")}\n` });
  });

  const subject = (more = {}) =>
    cluster.subject({
      timeoutSeconds: 20,
      source: server.target,
      // Both listen on loopback here.
      to: { ...keeper.target, address: "localhost" },
      name: "before-flannel-to-calico",
      datastore: "sqlite",
      ...more,
    });

  test("goes from the first server to the other machine whole, and through no output", async () => {
    const done = await rollout("backup", subject());
    expect(done.stderr).toContain(`SHA-256 ${SHA} on s1`);
    expect(done).toMatchObject({ exitCode: 0, stdout: "the datastore of s1 is kept on s2\n" });
    const [received] = keeper.ran;
    expect(received?.stdin.equals(CONTENT)).toBe(true);
    const name = /backup receive (\S+) (\S+)$/.exec(received?.command ?? "");
    expect(name?.[1]).toMatch(/^before-flannel-to-calico-\d{8}T\d{6}Z$/);
    expect(name?.[2]).toBe(SHA);
    expect(server.programs[0]).toBe(`/usr/local/lib/seldon-k3s/run backup: host s1, name ${name?.[1]}, end`);
    expect(done.stderr).toContain(`/var/lib/seldon-k3s/backups/received/${name?.[1]}.tar`);
    expect(done.stderr).toMatch(/tar -C restore -xf .* && cat restore\/RESTORE/);
  });

  test("a copy that arrived as something else is a fault", async () => {
    keeper.reply = () => ({ stdout: `${"0".repeat(64)}\n` });
    const done = await rollout("backup", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain(`the copy on s2 has SHA-256 ${"0".repeat(64)}, and s1 says and sent ${SHA}`);
  });

  test("a machine that cannot keep it says why", async () => {
    keeper.reply = () => ({ code: 1, stderr: "seldon-k3s: s2: cannot write; make room there\n" });
    const done = await rollout("backup", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain(
      "error: s2: backup receive ended with 1: seldon-k3s: s2: cannot write; make room there",
    );
  });

  test("a connection that is cut on the way fails, and the next run makes a whole copy", async () => {
    server.reply = (ran) => (ran.command.includes("backup send") ? "cut" : make(ran));
    const cut = await rollout("backup", subject());
    expect(cut.exitCode).toBe(2);
    expect(cut.stderr).toContain("s1: the SSH connection was lost");
    server.reply = (ran) => (ran.command.includes("backup send") ? { stdout: CONTENT } : make(ran));
    expect((await rollout("backup", subject())).exitCode).toBe(0);
  });

  test("the machine that it comes from cannot keep it", async () => {
    const done = await rollout("backup", subject({ to: server.target }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain(
      "the copy would stay on s1, whose loss it is for; fix: name another machine by hosts.backup.to",
    );
    expect(server.ran).toEqual([]);
  });

  test("a machine that does not answer is found out before the source does anything", async () => {
    const done = await rollout("backup", subject({ to: { ...keeper.target, address: "localhost", port: 1 } }));
    expect(done.exitCode).toBe(2);
    expect(done.stderr).toContain("s2: ");
    expect(server.ran).toEqual([]);
  });
});
