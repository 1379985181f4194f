import { createHash } from "node:crypto";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { connect, type SshError, type SshSession, type SshTarget, withSession } from "../../ssh/client";
import { authorize, describeWithSshd, freePort, KeyRing, Sshd, USER } from "./support/sshd";

const failure = async (promise: Promise<unknown>): Promise<SshError> => {
  try {
    await promise;
  } catch (error) {
    return error as SshError;
  }
  throw new Error("it succeeded");
};

// Logins are slow on a machine that is busy with other things; none of these tests is about time.
jest.setTimeout(60_000);

describeWithSshd("ssh client", () => {
  const keys = new KeyRing();
  const started: Sshd[] = [];
  let host: Sshd;
  let bastion: Sshd;
  const options = { agentSocket: keys.socket, dialMs: 30_000 };
  const target = (more: Partial<SshTarget> = {}): SshTarget => ({ name: "node-1", ...host.endpoint, ...more });
  const use = <T>(task: (session: SshSession) => Promise<T>): Promise<T> => withSession(target(), options, task);

  beforeAll(async () => {
    await keys.startAgent();
    const login = keys.key("login");
    keys.add(login);
    authorize(keys, login);
    started.push((host = await Sshd.start(keys, "node")));
    started.push((bastion = await Sshd.start(keys, "bastion")));
  });

  afterAll(async () => {
    for (const sshd of started) await sshd.stop();
    await keys.stop();
  });

  it("runs a command with input and gives back output, errors and the exit code", async () => {
    const result = await use((session) => session.run("cat; echo oops >&2; exit 3", { stdin: "ärger\n" }));
    expect(result).toEqual({ code: 3, stdout: "ärger\n", stderr: "oops\n" });
  });

  it("runs several commands over one connection, side by side", async () => {
    const results = await use((session) => Promise.all([1, 2, 3, 4].map((n) => session.run(`echo ${n}`))));
    expect(results.map(({ stdout }) => stdout)).toEqual(["1\n", "2\n", "3\n", "4\n"]);
  });

  it("tells lines as they come, and the last one without its end", async () => {
    const lines: string[] = [];
    await use((session) =>
      session.run("printf 'one\\ntwo\\n'; printf warning >&2; printf three", {
        onLine: (line, from) => lines.push(`${from} ${line}`),
      }),
    );
    expect(lines.filter((line) => line.startsWith("stdout"))).toEqual(["stdout one", "stdout two", "stdout three"]);
    expect(lines).toContain("stderr warning");
  });

  it("reads its input from a stream", async () => {
    const stdin = Readable.from(["a", "b", "c"].map((letter) => Buffer.from(letter)));
    expect((await use((session) => session.run("cat", { stdin }))).stdout).toBe("abc");
  });

  it("fails with the input's own error", async () => {
    const stdin = new Readable({ read: () => stdin.destroy(new Error("the disk broke")) });
    const error = await failure(use((session) => session.run("cat >/dev/null; sleep 5", { stdin })));
    expect(error.message).toBe("the disk broke");
  });

  it("lets a command end before it has read its input", async () => {
    const result = await use((session) => session.run("exit 0", { stdin: Buffer.alloc(8 * 1024 * 1024) }));
    expect(result.code).toBe(0);
  });

  it("counts a signal as shells do", async () => {
    expect((await use((session) => session.run("kill -TERM $$"))).code).toBe(143);
  });

  it("streams more than it would keep, both ways, unchanged", async () => {
    const block = Buffer.alloc(1024 * 1024, "0123456789abcdef");
    const hash = createHash("sha256");
    const sent = createHash("sha256");
    let bytes = 0;
    const code = await use(async (session) => {
      const { stdin, stdout, ended } = await session.stream("cat");
      const source = Readable.from(
        (function* () {
          for (let index = 0; index < 24; index += 1) {
            sent.update(block);
            yield block;
          }
        })(),
      );
      const reading = (async () => {
        for await (const chunk of stdout as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          hash.update(chunk);
        }
      })();
      await pipeline(source, stdin);
      await reading;
      return (await ended).code;
    });
    expect({ code, bytes }).toEqual({ code: 0, bytes: 24 * 1024 * 1024 });
    expect(hash.digest("hex")).toBe(sent.digest("hex"));
  });

  it("tells the exit code and errors of a streamed command", async () => {
    await use(async (session) => {
      const command = await session.stream("echo partial; echo 'disk full' >&2; exit 9");
      command.stdin.end();
      expect(await text(command.stdout)).toBe("partial\n");
      expect(await command.ended).toEqual({ code: 9 });
      expect(command.stderr()).toBe("disk full\n");
    });
  });

  it("refuses to keep more output than asked for", async () => {
    const error = await failure(use((session) => session.run("yes", { maxBytes: 100_000 })));
    expect(error.kind).toBe("too-much-output");
    expect(error.message).toBe("node-1: a command printed more than 100000 bytes");
  });

  it("goes through a bastion", async () => {
    const through = target({ bastion: bastion.endpoint });
    expect((await withSession(through, options, (session) => session.run("echo there"))).stdout).toBe("there\n");
  });

  it("speaks with RSA and ECDSA host keys", async () => {
    for (const type of ["rsa", "ecdsa"]) {
      const other = await Sshd.start(keys, type, [], type);
      try {
        const result = await withSession(target(other.endpoint), options, (session) => session.run("echo ok"));
        expect(result.stdout).toBe("ok\n");
      } finally {
        await other.stop();
      }
    }
  });

  it("stops before the login at another host key, and names both", async () => {
    const error = await failure(connect(target({ hostKey: bastion.hostKey }), options));
    expect(error.kind).toBe("wrong-host-key");
    expect(error.message).toMatch(
      /^node-1: .*: wrong host key: got ssh-ed25519 SHA256:\S{43}, pinned is ssh-ed25519 SHA256:\S{43}; nothing was sent$/,
    );
    expect(error.fix).toContain("find out why");
  });

  it("tells a host key of another type from no SSH server", async () => {
    const other = await Sshd.start(keys, "other-type", [], "rsa");
    try {
      const error = await failure(connect(target({ ...other.endpoint, hostKey: host.hostKey }), options));
      expect(error.kind).toBe("wrong-host-key");
      expect(error.message).toContain("got ssh-rsa SHA256:");
    } finally {
      await other.stop();
    }
  });

  it("compares the bastion's key too", async () => {
    const error = await failure(connect(target({ bastion: { ...bastion.endpoint, hostKey: host.hostKey } }), options));
    expect(error.kind).toBe("wrong-host-key");
    expect(error.message).toMatch(/^node-1: bastion .*: wrong host key: got ssh-ed25519 /);
    expect(error.fix).toContain("hosts.ssh.bastion.hostKey");
  });

  it("compares the machine's key behind a bastion", async () => {
    const error = await failure(connect(target({ bastion: bastion.endpoint, hostKey: bastion.hostKey }), options));
    expect(error.message).toMatch(/^node-1: \S+@127.0.0.1:\d+: wrong host key/);
  });

  it("refuses a pin that is no key", async () => {
    const error = await failure(connect(target({ hostKey: "ssh-ed25519 AAAA" }), options));
    expect(error.message).toContain("the pinned host key is no key; allowed:");
    expect(error.fix).toContain("ssh-keyscan");
  });

  it("says that the login was refused, for whom and with how many keys", async () => {
    const ring = new KeyRing();
    await ring.startAgent();
    try {
      ring.add(ring.key("stranger"));
      const error = await failure(connect(target(), { ...options, agentSocket: ring.socket }));
      expect(error.kind).toBe("login-refused");
      expect(error.message).toContain(`login as "${USER}" refused: it does not accept the agent's key`);
      expect(error.fix).toContain("authorized_keys");
    } finally {
      await ring.stop();
    }
  });

  it("explains a server that gives up on an agent with too many keys", async () => {
    const ring = new KeyRing();
    await ring.startAgent();
    try {
      for (let n = 0; n < 8; n += 1) ring.add(ring.key(`stranger-${n}`));
      const error = await failure(connect(target(), { ...options, agentSocket: ring.socket }));
      expect(error.kind).toBe("login-refused");
      expect(error.message).toContain("any of the agent's 8 keys (Too many authentication failures)");
    } finally {
      await ring.stop();
    }
  });

  it("says why there is no key to log in with", async () => {
    const ring = new KeyRing();
    await ring.startAgent();
    try {
      const empty = await failure(connect(target(), { agentSocket: ring.socket }));
      expect(empty.kind).toBe("no-agent");
      expect(empty.message).toContain("holds no key");
    } finally {
      await ring.stop();
    }
    const dead = await failure(connect(target(), { agentSocket: ring.socket }));
    expect(dead.message).toContain("does not answer");
    const unset = await failure(connect(target(), { agentSocket: "" }));
    expect(unset.message).toContain("SSH_AUTH_SOCK is not set");
    expect(unset.fix).toContain("ssh-add");
  });

  it("tells refused, silent and foreign servers apart", async () => {
    const refused = await failure(connect(target({ port: await freePort() }), options));
    expect(refused.kind).toBe("refused");
    expect(refused.message).toContain("no SSH server listens there");

    const silent = net.createServer().listen(0, "127.0.0.1");
    const foreign = net.createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    try {
      await Promise.all([once(silent, "listening"), once(foreign, "listening")]);
      const sockets: net.Socket[] = [];
      silent.on("connection", (socket) => sockets.push(socket));
      const portOf = (server: net.Server): number => (server.address() as AddressInfo).port;
      const stalled = await failure(connect(target({ port: portOf(silent) }), { ...options, dialMs: 200 }));
      expect(stalled.message).toContain("no answer within 0.2 s");
      expect(stalled.kind).toBe("unreachable");
      // The second attempt.
      expect(sockets).toHaveLength(2);
      sockets.forEach((socket) => socket.destroy());
      const other = await failure(connect(target({ port: portOf(foreign) }), options));
      expect(["not-ssh", "unreachable"]).toContain(other.kind);
    } finally {
      silent.close();
      foreign.close();
    }
  });

  it("names a machine that the bastion cannot reach, and a bastion that lets nobody through", async () => {
    const unreachable = await failure(connect(target({ bastion: bastion.endpoint, port: await freePort() }), options));
    expect(unreachable.kind).toBe("unreachable");
    expect(unreachable.message).toMatch(/^node-1: bastion .* cannot reach 127.0.0.1 on TCP \d+/);

    const closed = await Sshd.start(keys, "closed-bastion", ["AllowTcpForwarding no"]);
    try {
      const error = await failure(connect(target({ bastion: closed.endpoint }), options));
      expect(error.kind).toBe("bastion-refused");
      expect(error.fix).toContain("AllowTcpForwarding");
    } finally {
      await closed.stop();
    }
  });

  it("stops waiting when it is called off: before, while dialling and while a command runs", async () => {
    const reason = new Error("enough");
    await expect(connect(target(), { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const silent = net.createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      const dialling = new AbortController();
      silent.once("connection", () => dialling.abort(reason));
      const { port } = silent.address() as AddressInfo;
      await expect(connect(target({ port }), { ...options, signal: dialling.signal })).rejects.toBe(reason);
    } finally {
      silent.close();
    }

    const running = new AbortController();
    const run = use((session) =>
      session.run("echo started; sleep 600", { signal: running.signal, onLine: () => running.abort(reason) }),
    );
    await expect(run).rejects.toBe(reason);
  });

  it("tells a connection that is cut in the middle from a command that failed", async () => {
    await use(async (session) => {
      // The parent of the command's shell is the sshd process of this connection.
      const error = await failure(session.run("kill -9 $PPID; sleep 600"));
      expect(error.kind).toBe("lost");
      expect(error.fix).toContain("the next run joins them");
      expect((await failure(session.run("true"))).kind).toBe("lost");
    });
  });

  it("breaks a stream whose connection is cut, instead of ending it", async () => {
    await use(async (session) => {
      const { stdin, stdout, ended } = await session.stream("echo half; sleep 0.2; kill -9 $PPID; sleep 600");
      stdin.end();
      expect((await failure(text(stdout))).kind).toBe("lost");
      expect((await failure(ended)).kind).toBe("lost");
    });
  });
});
