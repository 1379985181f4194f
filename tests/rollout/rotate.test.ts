/** The rotation over several machines: order, what a no-go or an interruption leaves, and where the token goes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { runRotate } from "../../rollout/rotate/command";
import { stackToken } from "../../rollout/rotate/token-file";
import { describeWithSshd } from "../ssh/support/sshd";
import { Emulator } from "../terminal/support/emulator";
import { rollout } from "./support/io";
import { MiniCluster } from "./support/mini-cluster";
import { type Ran, type Reply, SshHost, startAgent } from "./support/ssh-host";

jest.setTimeout(60_000);

const OLD = "K10aaaa::server:MARKTOKEN-until-now";
const NEW = "K10aaaa::server:MARKTOKEN-rotated";

describeWithSshd("rotate", () => {
  let agent: Awaited<ReturnType<typeof startAgent>>;
  let cluster: MiniCluster;
  const hosts: SshHost[] = [];
  const order: string[] = [];
  let folder: string;
  /** What the first server remembers. */
  let open: string | undefined;
  /** The name in a request. */
  const nameOf = ({ stdin }: Ran) => /^rotation (.*)$/m.exec(stdin.toString())?.[1] ?? "";
  const actionOf = ({ command }: Ran) => command.replace(/^.*\/(?:run )?rotate /, "");

  /** A machine on which everything succeeds. */
  const reply =
    (name: string) =>
    (ran: Ran): Reply => {
      const action = actionOf(ran);
      order.push(`${name} ${action}`);
      const says = `seldon-k3s: ${name}: K3s would be restarted\n`;
      const shown = open === undefined || name !== "s1" ? "" : `rotation ${open}\n`;
      if (action.endsWith(" check")) return { stdout: shown, stderr: says };
      if (action.endsWith(" open")) return { stdout: `rotation ${(open ??= nameOf(ran))}\n` };
      if (action.endsWith(" give")) return { stdout: `form short\nold ${OLD}\nnew ${NEW}\n` };
      if (action.endsWith(" close")) open = undefined;
      return {};
    };

  beforeAll(async () => {
    agent = await startAgent();
    cluster = await MiniCluster.start();
    for (const name of ["s1", "s2", "s3", "a1"]) hosts.push(await SshHost.start(name, agent.keys));
  });
  afterAll(async () => {
    await Promise.all([...hosts.map((host) => host.stop()), cluster.stop()]);
    await agent.stop();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "seldon-rotate-"));
    open = undefined;
    order.length = 0;
    for (const [index, name] of ["s1", "s2", "s3", "a1"].entries()) {
      hosts[index]!.ran.length = 0;
      hosts[index]!.reply = reply(name);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const subject = (what: string, more = {}) =>
    cluster.subject({
      timeoutSeconds: 30,
      what,
      servers: hosts.slice(0, 3).map(({ target }) => target),
      agents: hosts.slice(3).map(({ target }) => target),
      preview: false,
      ...more,
    });
  const changes = () => order.filter((line) => !line.endsWith(" check"));
  const tokenFile = () => join(folder, "new-token");

  test("asks every machine first, then goes server by server and agent by agent", async () => {
    const done = await rollout("rotate", subject("certificates"));
    expect(done).toMatchObject({ exitCode: 0, stdout: "the certificates: rotated on 4 machines\n" });
    expect(order.slice(0, 5).sort()).toEqual([
      "a1 certificates check",
      "s1 certificates check",
      "s1 certificates check",
      "s2 certificates check",
      "s3 certificates check",
    ]);
    expect(order.slice(5)).toEqual([
      "s1 certificates open",
      "s1 certificates do",
      "s2 certificates do",
      "s3 certificates do",
      "a1 certificates do",
      "s1 certificates close",
    ]);
    const turn = hosts[1]!.programs.at(-1);
    expect(turn).toMatch(
      /^\/usr\/local\/lib\/seldon-k3s\/run rotate certificates do: host s2, role server, first no, rotation certificates-\d{8}T\d{6}Z, other-server s1, other-server s3, end$/,
    );
    expect(hosts[3]!.programs.at(-1)).toMatch(/role agent, first no, rotation \S+, end$/);
    expect(new Set(hosts.flatMap((host) => host.ran.slice(-1).map(nameOf))).size).toBe(1);
  });

  test("a preview shows every machine and changes none", async () => {
    const done = await rollout("rotate", subject("token", { preview: true }));
    expect(done).toMatchObject({
      exitCode: 0,
      stdout: "preview of the token: 4 machines would be changed; nothing was\n",
    });
    for (const name of ["s1", "s2", "s3", "a1"]) expect(done.stderr).toContain(`${name}: K3s would be restarted`);
    expect(changes()).toEqual([]);
  });

  test("one machine that is not ready keeps all others as they are, and all are named", async () => {
    hosts[2]!.reply = () => ({
      code: 1,
      stderr: "seldon-k3s: s3: the token stands in the unit; nothing was changed\n",
    });
    hosts[3]!.reply = () => ({ code: 127, stderr: "sh: /usr/local/lib/seldon-k3s/rotate: not found\n" });
    const done = await rollout("rotate", subject("token", { tokenFile: tokenFile() }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("- s3: the token stands in the unit; nothing was changed");
    expect(done.stderr).toContain("- a1: the program rotate is not there; fix: pulumi up");
    expect(changes()).toEqual([]);
    expect(existsSync(tokenFile())).toBe(false);
  });

  test("the new token goes from the first server to the others and into one private file, and is never shown", async () => {
    const done = await rollout("rotate", subject("token", { tokenFile: tokenFile() }));
    expect(done.exitCode).toBe(0);
    expect(changes()).toEqual([
      "s1 token open",
      "s1 token do",
      "s1 token give",
      "s2 token do",
      "s3 token do",
      "a1 token do",
      "s1 token close",
    ]);
    // In the form that the first server's own file has: a new cluster could not be made with the other one.
    expect([readFileSync(tokenFile(), "utf8"), statSync(tokenFile()).mode & 0o777]).toEqual([
      "MARKTOKEN-rotated\n",
      0o600,
    ]);
    expect(done.stderr).toContain(`pulumi config set --secret k3sToken -s test <${tokenFile()} && rm ${tokenFile()}`);
    expect(done.stdout + done.stderr).not.toContain("MARKTOKEN");
    for (const { command } of hosts.flatMap(({ ran }) => ran)) expect(command).not.toContain("MARKTOKEN");
    expect(hosts[3]!.ran.at(-1)?.stdin.toString()).toContain(
      `secret-file 0600 /old\n| ${OLD}\nsecret-file 0600 /new\n| ${NEW}\nend\n`,
    );
    expect(hosts[0]!.ran.map(({ stdin }) => stdin.toString()).join("")).not.toContain("MARKTOKEN");
  });

  test("a run that ended on the way is gone on with, under the name that it began", async () => {
    const good = hosts[1]!.reply;
    hosts[1]!.reply = (ran) =>
      actionOf(ran).endsWith(" do") ? { code: 1, stderr: "seldon-k3s: s2: K3s did not come back\n" } : good(ran);
    const failed = await rollout("rotate", subject("token", { tokenFile: tokenFile() }));
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("s2: rotate token do ended with 1: seldon-k3s: s2: K3s did not come back");
    expect(open).toMatch(/^token-/);
    // The token is not lost with the run.
    expect(readFileSync(tokenFile(), "utf8")).toBe("MARKTOKEN-rotated\n");
    const name = open;
    hosts[1]!.reply = good;
    order.length = 0;
    const again = await rollout("rotate", subject("token", { tokenFile: tokenFile() }));
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain(`going on with ${name}, which an interrupted run has begun`);
    expect(new Set(hosts.map((host) => nameOf(host.ran.at(-1)!)))).toEqual(new Set([name]));
    expect(changes().slice(-2)).toEqual(["a1 token do", "s1 token close"]);
  });

  test("on a terminal every machine has a line, what is to be done next stays, and no token is seen", async () => {
    const terminal = new Emulator(110, 30);
    let during: string[] = [];
    const good = hosts[1]!.reply;
    hosts[1]!.reply = (ran) => {
      if (actionOf(ran).endsWith(" do")) during = terminal.screen;
      return good(ran);
    };
    const done = await rollout("rotate", subject("token", { tokenFile: tokenFile() }), undefined, terminal);
    expect(done.exitCode).toBe(0);
    const list = during.slice(during.findIndex((line) => line.startsWith("rotate test (")));
    expect(list.slice(1).map((line) => line.replace(/\d+\.\d s/, "T"))).toEqual([
      "done     identity           T",
      "done     ask every machine  T",
      "done     s1                 T",
      expect.stringMatching(/^running {2}s2 {17}T/),
      "waiting  s3",
      "waiting  a1",
      "waiting  end the rotation",
    ]);
    const all = terminal.all.join("\n");
    expect(all).toContain("test: s3: K3s would be restarted");
    expect(all.replace(/\n/g, "")).toContain(`pulumi config set --secret k3sToken -s test <${tokenFile()}`);
    expect(all).toMatch(/\ndone {5}end the rotation [^\n]*\ndone {5}clean-up [^\n]*$/);
    expect(terminal.written).not.toContain("MARKTOKEN");
  });

  test("on a terminal a machine that fails keeps its last lines, and those after it are named as not reached", async () => {
    const terminal = new Emulator(110, 30);
    const good = hosts[1]!.reply;
    hosts[1]!.reply = (ran) =>
      actionOf(ran).endsWith(" do")
        ? { code: 1, stderr: "seldon-k3s: s2: restarting K3s\nseldon-k3s: s2: K3s did not come back\n" }
        : good(ran);
    const done = await rollout("rotate", subject("certificates"), undefined, terminal);
    expect(done.exitCode).toBe(1);
    const lines = terminal.all.map((line) => line.replace(/\d+\.\d s/, "T"));
    const failed = lines.indexOf("failed   s2                 T  seldon-k3s: s2: K3s did not come back");
    expect(lines.slice(failed + 1)).toEqual([
      "    certificates: machine 2 of 4",
      "    seldon-k3s: s2: restarting K3s",
      "    seldon-k3s: s2: K3s did not come back",
      "skipped  s3",
      "skipped  a1",
      "skipped  end the rotation",
      "done     clean-up           T",
      "error: s2: rotate certificates do ended with 1: seldon-k3s: s2: K3s did not come back",
    ]);
  });

  test("a connection that is lost on the way is made anew, and the program there is joined", async () => {
    const good = hosts[1]!.reply;
    let lost = 0;
    hosts[1]!.reply = (ran) => (actionOf(ran).endsWith(" do") && lost++ === 0 ? "cut" : good(ran));
    const done = await rollout("rotate", subject("certificates"));
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("connecting again");
    expect(lost).toBe(2);
  });

  test("the key of Secrets is the servers' business", async () => {
    const done = await rollout("rotate", subject("encryption-key"));
    expect(done.stdout).toBe("the encryption-key: rotated on 3 machines\n");
    expect(order.filter((line) => line.startsWith("a1"))).toEqual([]);
  });

  test("a file for the token that cannot be, or must not be written, is found before anything is rotated", async () => {
    writeFileSync(tokenFile(), "somebody's\n");
    const there = await rollout("rotate", subject("token", { tokenFile: tokenFile() }));
    expect(there).toMatchObject({ exitCode: 1 });
    expect(there.stderr).toContain("is there already and would be overwritten; fix: name another file");
    const nowhere = await rollout("rotate", subject("token", { tokenFile: join(folder, "none/new-token") }));
    expect(nowhere).toMatchObject({ exitCode: 1 });
    expect(nowhere.stderr).toContain("the file for the new token cannot be made: ENOENT");
    expect(changes()).toEqual([]);
    expect(readFileSync(tokenFile(), "utf8")).toBe("somebody's\n");
  });

  test("tokens that are none are not handed on, and not shown", async () => {
    const good = hosts[0]!.reply;
    hosts[0]!.reply = (ran) =>
      actionOf(ran).endsWith(" give") ? { stdout: `form short\nold ${OLD}\nnew ${OLD}\n` } : good(ran);
    const done = await rollout("rotate", subject("token", { tokenFile: tokenFile() }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("s1: rotate give printed no two tokens");
    expect(done.stderr).not.toContain("MARKTOKEN");
    expect(changes()).toEqual(["s1 token open", "s1 token do"]);
    // Empty, and so not left behind.
    expect(existsSync(tokenFile())).toBe(false);
  });
});

test.each([
  ["short", "K10ab12::server:abc", "abc"],
  ["secure", "K10ab12::server:abc", "K10ab12::server:abc"],
  ["short", "abc:def", "abc:def"],
] as const)("a stack keeps its token in the %s form", (form, token, kept) => {
  expect(stackToken({ form, old: "x", new: token })).toBe(kept);
});

describe("rotate, used wrongly", () => {
  const run = async (...argv: string[]) => {
    const written = { stdout: "", stderr: "" };
    const code = await runRotate(argv, {
      stdin: Readable.from([]),
      stdout: { write: (text: string) => (written.stdout += text) },
      stderr: { write: (text: string) => (written.stderr += text) },
      env: {},
      signal: new AbortController().signal,
    });
    return { code, text: written.stdout + written.stderr };
  };
  const FIXTURES = join(__dirname, "../stacks");

  it.each<[string[], number, RegExp]>([
    [
      ["--help"],
      0,
      /^Usage: npm run rotate -- <stack> <certificates\|token\|encryption-key> \[options\]\n[^]*Without --yes/,
    ],
    [["prod"], 2, /missing <certificates\|token\|encryption-key>/],
    [["prod", "tokens"], 2, /cannot rotate "tokens"; allowed: certificates, token, encryption-key/],
    [["prod", "token", "--yes"], 2, /the new token must be kept.*fix: add --token-file FILE/],
    [["prod", "certificates", "--token-file", "x"], 2, /--token-file is for the token/],
    [["stagign", "certificates"], 2, /"stagign".*[Dd]id you mean "staging"\?/],
    [["sandbox", "certificates"], 2, /stack sandbox declares no machines \(hosts\)/],
  ])("%j", async (argv, code, text) => {
    expect(await run(...argv)).toEqual({ code, text: expect.stringMatching(text) as string });
  });

  it("reads the stack file, and begins nothing without the cluster's identity", async () => {
    const done = await run("hardened", "certificates", "--config-file", join(FIXTURES, "Pulumi.hardened.yaml"));
    expect(done.code).toBe(2);
    expect(done.text).toContain("nothing was changed, because the cluster is not known to be the right one");
  });
});
