/**
 * The drift key against a real sshd: what `npm run delivery:drift-key` writes and `hosts/inspect-only` lets the key look at
 * the machine, and refuses everything else. Every attempt is made with a key without limits too, where it must succeed:
 * else a refusal would prove nothing.
 */
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { inspect } from "../../checks/hosts/inspect";
import { keyLines } from "../../delivery/drift/key-lines";
import { withSession } from "../../ssh/client";
import { HOSTS } from "../hosts/support/host";
import { freePort } from "../support/ports";
import { describeWithSshd, hasTool, KeyRing, Sshd, USER } from "./support/sshd";

jest.setTimeout(120_000);

/** The forced command needs root's rights for the look itself, as the deployment's key does. */
const isRoot = USER === "root" || spawnSync("sudo", ["-n", "true"]).status === 0;
const itAsRoot = isRoot ? it : (name: string, run: () => Promise<void>) => it.skip(`${name} (needs sudo -n)`, run);
const hasClients = ["ssh", "scp", "sftp"].every(hasTool);
const describeWithClients: typeof describeWithSshd = (name, tests) =>
  hasClients ? describeWithSshd(name, tests) : describe.skip(`${name} (needs ssh, scp and sftp)`, tests);

describeWithClients("the key of drift", () => {
  const keys = new KeyRing();
  const programs = join(keys.folder, "programs");
  const known = join(keys.folder, "known_hosts");
  const mark = join(keys.folder, "mark");
  const source = join(keys.folder, "source");
  const agent = { agentSocket: keys.socket, dialMs: 30_000 };
  let host: Sshd;
  let drift: string;
  let free: string;
  /** Something that listens on the machine and greets. */
  let service: net.Server;
  let servicePort: number;

  const target = () => ({ name: "node-1", ...host.endpoint });
  const lineFor = (...more: string[]) =>
    keyLines({
      stack: "prod",
      targets: [target()],
      key: keys.publicKey(drift),
      forcedCommand: join(programs, "inspect-only"),
      ...(more.length === 0 ? {} : { from: more }),
    })[0]!.line;
  const authorize = (...lines: string[]) =>
    writeFileSync(join(keys.folder, "authorized_keys"), `${lines.join("\n")}\n`, { mode: 0o600 });

  beforeAll(async () => {
    await keys.startAgent();
    drift = keys.key("drift");
    free = keys.key("free");
    mkdirSync(programs);
    for (const name of ["inspect", "inspect-only"]) cpSync(join(HOSTS, name), join(programs, name));
    chmodSync(keys.folder, 0o755);
    writeFileSync(source, "text\n");
    // A careless sshd: whatever it would allow, the key's line must refuse.
    const careless = ["AcceptEnv *", "Subsystem sftp internal-sftp", "AllowAgentForwarding yes", "GatewayPorts yes"];
    host = await Sshd.start(keys, "node", [...careless, "AllowTcpForwarding yes", "PermitTTY yes"]);
    writeFileSync(known, `[127.0.0.1]:${host.port} ${host.hostKey}\n`);
    authorize(lineFor(), keys.publicKey(free));
    service = net.createServer((socket) => socket.end("greeting\n")).listen(0, "127.0.0.1");
    await once(service, "listening");
    servicePort = (service.address() as AddressInfo).port;
  });
  afterAll(async () => {
    service.close();
    await host.stop();
    await keys.stop();
  });
  beforeEach(() => rmSync(mark, { force: true }));

  /** What a client of OpenSSH says and ends with. It must not block this process, which is the service too. */
  const client = (program: string, key: string, args: readonly string[], input = "", to = host.port) =>
    new Promise<{ code: number | null; output: string }>((resolve, reject) => {
      const identity = ["-F", "none", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"];
      const pinned = ["-o", `UserKnownHostsFile=${known}`, "-o", "StrictHostKeyChecking=yes"];
      const port = [program === "ssh" ? "-p" : "-P", String(to)];
      const env = { ...process.env, SSH_AUTH_SOCK: keys.socket };
      const child = spawn(program, [...identity, ...pinned, ...port, ...args], { env, stdio: "pipe" });
      let output = "";
      child.stdout.on("data", (text: Buffer) => (output += text.toString()));
      child.stderr.on("data", (text: Buffer) => (output += text.toString()));
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, output }));
    });
  const at = `${USER}@127.0.0.1`;

  itAsRoot("lets drift look, by the program that is on the machine", async () => {
    keys.clear();
    keys.add(drift);
    const look = () =>
      withSession(target(), agent, (session) => inspect(session, target(), AbortSignal.timeout(60_000)));
    const { facts } = await look();
    expect(facts).toMatchObject({ hostname: hostname(), uid: 0 });
    // What is sent is not what runs.
    const sent = await client("ssh", drift, [at, "sh -s"], `touch ${mark}; echo what-was-sent`);
    expect(sent.code).toBe(0);
    expect(sent.output).toContain(`hostname ${hostname()}`);
    expect(sent.output).not.toContain("what-was-sent");
    expect(existsSync(mark)).toBe(false);
  });

  it.each<[string, { readonly options?: readonly string[]; readonly command?: string; readonly input?: string }]>([
    ["a shell", { input: "touch MARK\n" }],
    ["a shell on a terminal", { options: ["-tt"], input: "touch MARK\nexit\n" }],
    ["another command", { command: "touch MARK" }],
    ["a command behind the allowed one", { command: "sh -s; touch MARK" }],
    ["a command on a second line", { command: "sh -s\ntouch MARK" }],
    ["a command in the place of an argument", { command: "sh -s $(touch MARK)" }],
    ["the allowed command with arguments", { command: "sh -s -- MARK", input: 'touch "$1"\n' }],
    ["the allowed command with a blank more", { command: "sh  -s", input: "touch MARK\n" }],
    ["another shell", { command: "sh -c 'touch MARK'" }],
    ["a variable in the place of the command", { options: ["-o", "SetEnv=A=MARK"], command: 'touch "$A"' }],
  ])("refuses %s", async (_, { options = [], command, input = "" }) => {
    const marked = (text: string) => text.replaceAll("MARK", mark);
    const args = [...options, at, ...(command === undefined ? [] : [command])].map(marked);
    await client("ssh", free, args, marked(input));
    expect(existsSync(mark)).toBe(true);
    rmSync(mark);
    const { code, output } = await client("ssh", drift, args, marked(input));
    expect(output).toMatch(/this key may only look|PTY allocation request failed/);
    expect(code).not.toBe(0);
    expect(existsSync(mark)).toBe(false);
  });

  it.each([
    ["scp to the machine", "scp", () => [source, `${at}:${mark}`]],
    ["scp of the old protocol", "scp", () => ["-O", source, `${at}:${mark}`]],
    ["sftp", "sftp", () => ["-b", join(keys.folder, "batch"), at]],
  ] as const)("refuses %s", async (_, program, args) => {
    writeFileSync(join(keys.folder, "batch"), `put ${source} ${mark}\n`);
    expect(await client(program, free, args())).toMatchObject({ code: 0 });
    expect(readFileSync(mark, "utf8")).toBe("text\n");
    rmSync(mark);
    expect((await client(program, drift, args())).code).not.toBe(0);
    expect(existsSync(mark)).toBe(false);
  });

  it("refuses to read a file by scp", async () => {
    const args = ["-O", `${at}:${source}`, mark];
    expect((await client("scp", free, args)).code).toBe(0);
    rmSync(mark);
    expect((await client("scp", drift, args)).code).not.toBe(0);
    expect(existsSync(mark)).toBe(false);
  });

  it("refuses to open connections from the machine", async () => {
    const args = ["-W", `127.0.0.1:${servicePort}`, at];
    expect((await client("ssh", free, args)).output).toContain("greeting");
    const { code, output } = await client("ssh", drift, args);
    expect(code).not.toBe(0);
    expect(output).toMatch(/administratively prohibited|forwarding is disabled|forwarding failed/);
    expect(output).not.toContain("greeting");
  });

  it("refuses to listen on the machine", async () => {
    const port = await freePort();
    const listen = ["-o", "ExitOnForwardFailure=yes", "-R", `127.0.0.1:${port}:127.0.0.1:${servicePort}`, at, "sh -s"];
    expect(await client("ssh", free, listen)).toMatchObject({ code: 0 });
    const { code, output } = await client("ssh", drift, listen);
    expect(code).toBe(255);
    expect(output).toContain("remote port forwarding failed");
  });

  it("gives the command no agent", async () => {
    // The same options of the key, with a command that shows what it got.
    const shown = (line: string) => line.replace(/command="[^"]+"/, 'command="env"');
    const args = ["-A", at, "sh -s"];
    try {
      authorize(shown(lineFor()), `command="env" ${keys.publicKey(free)}`);
      const open = (await client("ssh", free, args)).output;
      expect(open).toContain("SSH_AUTH_SOCK=");
      const closed = (await client("ssh", drift, args)).output;
      expect(closed).toContain("SSH_ORIGINAL_COMMAND=sh -s");
      expect(closed).not.toContain("SSH_AUTH_SOCK=");
    } finally {
      authorize(lineFor(), keys.publicKey(free));
    }
  });

  itAsRoot("gives the program none of the client's variables", async () => {
    const args = ["-o", "SetEnv=PLANTED=yes", at];
    expect((await client("ssh", free, [...args, "env"])).output).toContain("PLANTED=yes");
    try {
      writeFileSync(join(programs, "inspect"), "#!/bin/sh\nenv\n");
      const { code, output } = await client("ssh", drift, [...args, "sh -s"]);
      expect(code).toBe(0);
      expect(output).toContain("PATH=/usr/");
      expect(output).not.toContain("PLANTED");
    } finally {
      cpSync(join(HOSTS, "inspect"), join(programs, "inspect"));
    }
  });

  it("is of no use from elsewhere, where its line names addresses", async () => {
    try {
      authorize(lineFor("192.0.2.0/24"));
      expect((await client("ssh", drift, [at, "sh -s"])).output).toContain("Permission denied");
      authorize(lineFor("127.0.0.0/8", "192.0.2.1"));
      expect((await client("ssh", drift, [at, "id"])).output).toContain("this key may only look");
    } finally {
      authorize(lineFor(), keys.publicKey(free));
    }
  });

  itAsRoot("goes through a bastion to the machines, and nowhere else there", async () => {
    const lines = keyLines({
      stack: "prod",
      targets: [{ ...target(), bastion: host.endpoint }],
      key: keys.publicKey(drift),
      forcedCommand: join(programs, "inspect-only"),
    });
    expect(lines.map(({ role, user }) => [role, user])).toEqual([
      ["machine", USER],
      ["bastion", USER],
    ]);
    const gate = join(keys.folder, "authorized-bastion");
    writeFileSync(gate, `${lines[1]!.line}\n`, { mode: 0o600 });
    const bastion = await Sshd.start(keys, "bastion", ["AcceptEnv *"], undefined, gate);
    try {
      keys.clear();
      keys.add(drift);
      const through = { ...target(), bastion: bastion.endpoint };
      const look = withSession(through, agent, (session) => inspect(session, through, AbortSignal.timeout(60_000)));
      expect((await look).facts.uid).toBe(0);
      const elsewhere = { ...through, port: servicePort };
      await expect(withSession(elsewhere, agent, () => Promise.resolve())).rejects.toMatchObject({
        kind: "bastion-refused",
      });
      const onGate = { name: "gate", ...bastion.endpoint };
      const run = await withSession(onGate, agent, (session) => session.run(`touch ${mark}`));
      expect(run.code).not.toBe(0);
      expect(existsSync(mark)).toBe(false);
      appendFileSync(known, `[127.0.0.1]:${bastion.port} ${bastion.hostKey}\n`);
      const back = `127.0.0.1:${await freePort()}:127.0.0.1:${servicePort}`;
      const listen = ["-o", "ExitOnForwardFailure=yes", "-N", "-R", back, at];
      const { output } = await client("ssh", drift, listen, "", bastion.port);
      expect(output).toContain("remote port forwarding failed");
    } finally {
      await bastion.stop();
    }
  });
});
