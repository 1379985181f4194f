import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { connect, withSession } from "../../ssh/client";
import { describeWithMachines, failure } from "./support/machines";
import { REFUSED_PORT } from "../support/ports";
import { KeyRing, Sshd, USER } from "./support/sshd";

describeWithMachines("ssh client, logging in", (its) => {
  const { keys, options, target } = its;

  it("goes through a bastion", async () => {
    const through = target({ bastion: its.bastion.endpoint });
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
    const error = await failure(connect(target({ hostKey: its.bastion.hostKey }), options));
    expect(error.kind).toBe("wrong-host-key");
    expect(error.message).toMatch(
      /^node-1: .*: wrong host key: got ssh-ed25519 SHA256:\S{43}, pinned is ssh-ed25519 SHA256:\S{43}; nothing was sent$/,
    );
    expect(error.fix).toContain("find out why");
  });

  it("tells a host key of another type from no SSH server", async () => {
    const other = await Sshd.start(keys, "other-type", [], "rsa");
    try {
      const error = await failure(connect(target({ ...other.endpoint, hostKey: its.host.hostKey }), options));
      expect(error.kind).toBe("wrong-host-key");
      expect(error.message).toContain("got ssh-rsa SHA256:");
    } finally {
      await other.stop();
    }
  });

  it("compares the bastion's key too", async () => {
    const error = await failure(
      connect(target({ bastion: { ...its.bastion.endpoint, hostKey: its.host.hostKey } }), options),
    );
    expect(error.kind).toBe("wrong-host-key");
    expect(error.message).toMatch(/^node-1: bastion .*: wrong host key: got ssh-ed25519 /);
    expect(error.fix).toContain("hosts.ssh.bastion.hostKey");
  });

  it("compares the machine's key behind a bastion", async () => {
    const error = await failure(
      connect(target({ bastion: its.bastion.endpoint, hostKey: its.bastion.hostKey }), options),
    );
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
    const refused = await failure(connect(target({ port: REFUSED_PORT }), options));
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
    const unreachable = await failure(connect(target({ bastion: its.bastion.endpoint, port: REFUSED_PORT }), options));
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
});
