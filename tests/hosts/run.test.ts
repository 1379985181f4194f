import { once } from "node:events";
import { type FixtureHost, onMachine, PROGRAMS } from "./support/host";

/**
 * A program that says what it was asked, waits for /fake/go-<name>, then ends with the code in its request. It holds the
 * lock as the real ones do.
 */
const PROGRAM = `#!/bin/sh
set -eu
. ${PROGRAMS}/lib.sh
read_request
echo "begin $(value name) $*" >>/fake/log
say "begin $(value name)"
take_lock
echo "at work $(value name)" >>/fake/log
until [ -e "/fake/go-$(value name)" ]; do sleep 0.02; done
echo "end $(value name)" >>/fake/log
echo "result of $(value name)"
exit "$(value code 0)"
`;

const ask = (name: string, ...more: readonly string[]) =>
  ["poll-seconds 0.05", `name ${name}`, ...more, "end", ""].join("\n");

/** Starts \`run probe\` and collects what comes back. */
function start(host: FixtureHost, program: string, input: string, ...args: readonly string[]) {
  const child = host.spawn([`${PROGRAMS}/run`, program, ...args]);
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (text: Buffer) => (said.stdout += text.toString()));
  child.stderr?.on("data", (text: Buffer) => (said.stderr += text.toString()));
  child.stdin?.end(input);
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...said }));
  return { child, said, ended };
}

/** Waits until the machine's log, or what was said, holds a text. */
async function until(look: () => string, text: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!look().includes(text)) {
    if (Date.now() > end) throw new Error(`no "${text}" in: ${look()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

onMachine("run", (machine) => {
  let host: FixtureHost;
  const log = () => (host.has("/fake/log") ? host.read("/fake/log") : "");
  const go = (name: string) => host.write(`/fake/go-${name}`, "");
  beforeEach(() => {
    host = machine();
    for (const name of ["probe", "other"]) host.write(`${PROGRAMS}/${name}`, PROGRAM, 0o755);
  });

  it("hands over the request, arguments, output and exit code, and keeps nothing", async () => {
    go("a");
    const { code, stdout, stderr } = await start(host, "probe", ask("a", "code 7"), "--word").ended;
    expect([code, stdout, stderr]).toEqual([7, "result of a\n", "seldon-k3s: fixture: begin a\n"]);
    expect(log()).toContain("begin a --word\n");
    expect(host.sh("ls /run/seldon-k3s /run/seldon-k3s/jobs/probe").stdout).not.toMatch(/request|^lock$|work\./m);
    expect(
      host.sh("find /run/seldon-k3s -perm /077 ! -type l -name 'request*' -o -path '*jobs' -perm /077").stdout,
    ).toBe("");
  });

  it("outlives its connection; the same request joins, and both get the result", async () => {
    const first = start(host, "probe", ask("a"));
    await until(log, "at work a");
    first.child.kill("SIGKILL");
    const second = start(host, "probe", ask("a"));
    await until(() => second.said.stderr, "joining it");
    const third = start(host, "probe", ask("a"));
    await until(() => third.said.stderr, "joining it");
    go("a");
    expect(await second.ended).toMatchObject({ code: 0, stdout: "result of a\n" });
    expect(await third.ended).toMatchObject({ code: 0, stdout: "result of a\n" });
    expect(log().match(/begin a/g)).toHaveLength(1);
  });

  it("lets another request of the same program wait, and says so", async () => {
    const first = start(host, "probe", ask("a"));
    await until(log, "at work a");
    const second = start(host, "probe", ask("b"));
    await until(() => second.said.stderr, "is at work with another request");
    expect(log()).not.toContain("begin b");
    go("b");
    go("a");
    expect(await first.ended).toMatchObject({ code: 0, stdout: "result of a\n" });
    expect(await second.ended).toMatchObject({ code: 0, stdout: "result of b\n" });
    expect(log()).toMatch(/end a\nbegin b/);
  });

  it("lets another program wait for the one at work", async () => {
    const first = start(host, "probe", ask("a"));
    await until(log, "at work a");
    const second = start(host, "other", ask("b"));
    await until(() => second.said.stderr, "waiting for probe");
    expect(log()).not.toContain("at work b");
    go("b");
    go("a");
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(log()).toMatch(/end a\nat work b/);
  });

  it("takes over the lock of a dead program, tells of one that was killed, and removes its request", async () => {
    const first = start(host, "probe", ask("a"));
    await until(log, "at work a");
    host.sh(
      "kill -9 $(cut -d ' ' -f 2 /run/seldon-k3s/lock); kill -9 $(cut -d ' ' -f 1 /run/seldon-k3s/jobs/probe/result.*/owner)",
    );
    expect(await first.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ended without a result") as string,
    });
    expect(host.has("/run/seldon-k3s/jobs/probe/request")).toBe(false);
    go("b");
    const second = await start(host, "probe", ask("b")).ended;
    expect(second).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("taking over the lock of probe") as string,
    });
    expect(host.sh("ls /run/seldon-k3s").stdout).not.toContain("work.");
  });

  it("removes the folder of a killed program whose number another process has, and keeps that of a running one", async () => {
    const running = start(host, "probe", ask("a"));
    await until(log, "at work a");
    const folders = () => host.sh("cd /run/seldon-k3s && ls -d work.*").stdout;
    const kept = folders();
    expect(kept).toMatch(/^work\.\d+\.\d+\n$/);
    // Process 1 is alive, and began at another time.
    host.sh("mkdir /run/seldon-k3s/work.1.0 /run/seldon-k3s/work.1");
    const other = start(host, "other", ask("b"));
    await until(() => other.said.stderr, "waiting for probe");
    expect(folders().split("\n")).toEqual(expect.arrayContaining([kept.trim()]));
    expect(folders()).not.toMatch(/work\.1(\.0)?\n/);
    go("a");
    go("b");
    expect([(await running.ended).code, (await other.ended).code]).toEqual([0, 0]);
    expect(host.sh("ls /run/seldon-k3s").stdout).not.toContain("work.");
  });

  it("takes over a lock of another boot, and of a process that has the number of the owner", async () => {
    host.write("/run/seldon-k3s/lock", "probe 1 1 00000000-0000-0000-0000-000000000000\n");
    go("a");
    expect(await start(host, "probe", ask("a")).ended).toMatchObject({ code: 0 });
  });

  it("runs nothing but programs that are there", () => {
    for (const name of ["nothing", "../x", "lib.sh", "inspect", "run"]) {
      expect([name, host.run("run", ask("a"), name).code]).toEqual([name, 2]);
    }
  });
});

onMachine("a request", (machine) => {
  it("is refused before anything happens where it makes no sense", () => {
    const host = machine();
    host.installK3s();
    for (const [input = "", text = ""] of [
      ["role server\n", "cut off"],
      ["role server\nfile 0600 /etc/rancher/k3s/config.yaml.d/90-cni.yaml\n| flannel-backend: no", "cut off"],
      ["role server\nend\nrole agent\n", "3: text after"],
      ["| content\nend\n", "1: content that belongs to no file"],
      ["Role server\nend\n", "1: neither"],
      ["file 0600 relative\nend\n", '1: not "file MODE /PATH"'],
      ["file 4755 /etc/rancher/k3s/config.yaml.d/x.yaml\nend\n", '1: not "file MODE /PATH"'],
      ["file 0600 /etc/rancher/k3s/config.yaml.d/../../../x.yaml\nend\n", '1: not "file MODE /PATH"'],
      ["rolle server\nend\n", "unknown keys: rolle"],
      ["role boss\nend\n", 'role: got "boss"; allowed: server agent'],
      ["host s1\nend\n", "role is missing"],
      ["role server\ntimeout-seconds soon\nend\n", 'timeout-seconds: got "soon"'],
      ["role server\nfile 0600 /etc/passwd\n| x\nend\n", "/etc/passwd: allowed are files of"],
    ]) {
      const { code, stdout, stderr } = host.run("settings", input);
      expect([input, code, stdout, stderr]).toEqual([input, 2, "", expect.stringContaining(text)]);
    }
    expect(host.calls()).toEqual([]);
  });
});
