import { type FixtureHost, onMachine, request, type Result } from "./support/host";

const STATE = "/var/lib/seldon-k3s";
const DATA = "/var/lib/rancher/k3s";
const LEAF = `${DATA}/agent/client-kubelet.crt`;

interface Wish {
  readonly role?: string;
  readonly first?: string;
  readonly name?: string;
  readonly more?: readonly string[];
}

const rotate = (
  host: FixtureHost,
  what: string,
  action: string,
  { role = "server", first = "yes", name = "r1", more = [] }: Wish = {},
): Result =>
  host.run(
    "rotate",
    request(
      "host s1",
      `role ${role}`,
      `first ${first}`,
      `rotation ${name}`,
      "poll-seconds 0.05",
      "timeout-seconds 10",
      "reencrypt-seconds 2",
      ...more,
    ),
    what,
    action,
  );

const refused = (result: Result, ...texts: readonly string[]) => {
  expect(result.code).toBe(1);
  for (const text of texts) expect(result.stderr).toContain(text);
};
const done = (result: Result, text: string) => {
  expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining(text) as string });
};
/** An agent's process may write down its start a moment after it was found running. */
const untilStarted = (host: FixtureHost) => host.sh("until grep -q '^started' /fake/calls; do sleep 0.01; done");
/** What was done to K3s. */
const deeds = (host: FixtureHost) =>
  host.calls().filter((call) => /^(k3s |started|systemctl (stop|start|restart))|ended/.test(call));
/** The program that is called `name` kills whoever called it, at the point where it would do its work or has done it. */
function killedAt(host: FixtureHost, name: string, when: string, moment: "before" | "after"): () => void {
  const path = host.has(`/fake/bin/${name}`) ? `/fake/bin/${name}` : `/usr/bin/${name}`;
  const real = `/fake/real/${name}`;
  const text = path.startsWith("/fake") ? host.read(path) : "";
  host.sh(`mkdir -p /fake/real && cp ${path} ${real}`);
  const blow = `for process in /proc/[0-9]*; do if grep -qs seldon-k3s/rotate $process/cmdline; then kill -9 "\${process##*/}"; fi; done`;
  host.write(
    `/fake/bin/${name}`,
    `#!/bin/sh\ncase "$*" in\n${when})\n  ${moment === "after" ? `${real} "$@"` : ":"}\n  ${blow}\n  exit 1\n  ;;\nesac\nexec ${real} "$@"\n`,
    0o755,
  );
  return () => {
    if (text === "") host.remove(`/fake/bin/${name}`);
    else host.write(`/fake/bin/${name}`, text, 0o755);
  };
}

onMachine("rotate certificates", (machine) => {
  it.each([
    ["k3s", "server"],
    ["k3s-agent", "agent"],
  ] as const)("stops %s, has new ones made, starts it, and does it once", (unit, role) => {
    const host = machine();
    host.installK3s(unit);
    const wish = { role, first: role === "server" ? "yes" : "no" };
    done(rotate(host, "certificates", "check", wish), "K3s would be stopped, given new certificates, and started");
    expect(deeds(host)).toEqual([]);
    const before = host.read(LEAF);
    done(rotate(host, "certificates", "do", wish), "done: r1");
    expect(host.read(LEAF)).not.toBe(before);
    untilStarted(host);
    expect(deeds(host)).toEqual([
      `systemctl stop ${unit}.service`,
      "k3s certificate rotate",
      `systemctl start --no-block ${unit}.service`,
      `started ${unit} vxlan`,
    ]);
    expect(host.has("/fake/lease")).toBe(false);
    done(rotate(host, "certificates", "do", wish), "nothing to do: r1 is done here");
    done(rotate(host, "certificates", "check", wish), "done already: r1");
    expect(deeds(host)).toEqual([]);
    expect(host.sh(`ls -A ${STATE}`).stdout).toBe("rotations\n");
  });

  it("says how long the certificate has that ends first", () => {
    const host = machine();
    host.installK3s();
    const make = (path: string, days: number) =>
      host.sh(
        `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /tmp/key -subj /CN=x -days ${days} -out ${path}`,
      );
    make(LEAF, 300);
    make(`${DATA}/server/tls/client-admin.crt`, 12);
    // The last day has begun when this looks.
    expect(rotate(host, "certificates", "check").stderr).toMatch(/the next to end has 1[12] days left/);
  });

  it("keeps one rotation open until it is closed", () => {
    const host = machine();
    host.installK3s();
    expect(rotate(host, "certificates", "open")).toMatchObject({ code: 0, stdout: "rotation r1\n" });
    // An interrupted run's rotation goes on, whatever the next run would call a new one.
    expect(rotate(host, "certificates", "open", { name: "r2" }).stdout).toBe("rotation r1\n");
    refused(rotate(host, "certificates", "close"), "this server has not done its part of r1");
    rotate(host, "certificates", "do");
    done(rotate(host, "certificates", "close"), "done: r1 is over");
    done(rotate(host, "certificates", "close"), "nothing to do: r1 is not under way");
    expect(rotate(host, "certificates", "open", { name: "r2" }).stdout).toBe("rotation r2\n");
  });

  it("has K3s run with the old ones where the disk is full, or K3s does not come up", () => {
    const host = machine();
    host.installK3s();
    const before = host.tree(DATA);
    host.write("/fake/rotate-fails", "");
    refused(
      rotate(host, "certificates", "do"),
      'k3s certificate rotate failed: "open /x: no space left on device"',
      "The certificates are as they were",
    );
    host.remove("/fake/rotate-fails");
    host.write("/fake/crash-on-new-certificates", "");
    refused(rotate(host, "certificates", "do"), "K3s did not come back with new certificates", "as they were");
    host.remove("/fake/crash-on-new-certificates");
    expect(host.tree(DATA)).toBe(before);
    expect(host.sh("systemctl is-active k3s").stdout).toBe("active\n");
    expect([host.has("/fake/lease"), host.has(`${STATE}/rotating-certificates`)]).toEqual([false, false]);
    done(rotate(host, "certificates", "do"), "done: r1");
  });

  it("refuses while another server is down, or a change of K3s is under way, and where K3s does not run", () => {
    const host = machine();
    host.installK3s();
    host.write("/fake/nodes/s2", "Ready=Unknown=Kubelet stopped posting node status.\n");
    refused(
      rotate(host, "certificates", "do", { more: ["other-server s2"] }),
      "another server is down",
      "s2: Ready is Unknown",
    );
    host.sh(`mkdir -p ${STATE}/pending`);
    refused(rotate(host, "certificates", "do"), "a change of K3s was interrupted here", "Run pulumi up");
    host.remove(`${STATE}/pending`);
    expect(deeds(host)).toEqual([]);
    host.sh("systemctl stop k3s");
    deeds(host);
    refused(rotate(host, "certificates", "do"), "K3s does not run here");
    refused(rotate(host, "certificates", "check"), "K3s does not run here");
    expect(deeds(host)).toEqual([]);
  });

  it.each([
    ["systemctl", "stop*", "before"],
    ["systemctl", "stop*", "after"],
    ["k3s", "certificate*", "before"],
    ["k3s", "certificate*", "after"],
    ["systemctl", "start*", "after"],
  ] as const)("goes on when it was killed at %s %s (%s)", (name, when, moment) => {
    const host = machine();
    host.installK3s();
    const before = host.read(LEAF);
    const mend = killedAt(host, name, when, moment);
    expect(rotate(host, "certificates", "do").code).not.toBe(0);
    mend();
    done(rotate(host, "certificates", "check"), "under way: an interrupted run is gone on with");
    done(rotate(host, "certificates", "do"), "done: r1");
    expect(host.read(LEAF)).not.toBe(before);
    expect(host.sh(`systemctl is-active k3s; ls -A ${STATE}`).stdout).toBe("active\nrotations\n");
    expect(host.has("/fake/lease")).toBe(false);
  });
});

const TOKEN = "/etc/rancher/k3s/token";
const OLD = "MARKTOKEN-until-now";
const NEW = "MARKTOKEN-rotated";

/** A running server whose token stands in a file, as the stack puts it there. */
function server(host: FixtureHost, written = OLD): FixtureHost {
  host.write(`${DATA}/server/db/etcd/member/wal`, "");
  host.write(`${DATA}/server/token`, `K10aaaa::server:${OLD}\n`, 0o600);
  host.write(TOKEN, `${written}\n`, 0o600);
  host.write("/etc/rancher/k3s/config.yaml", `token-file: "${TOKEN}"\n`, 0o600);
  host.installK3s();
  // From its next start on K3s compares what it is given with this.
  host.write("/fake/cluster-token", `${OLD}\n`);
  return host;
}
const both = ["secret-file 0600 /old", `| K10aaaa::server:${OLD}`, "secret-file 0600 /new", `| K10aaaa::server:${NEW}`];

onMachine("rotate token", (machine) => {
  it("has K3s make it, puts it where the old one stood, restarts, and says nothing of it", () => {
    const host = server(machine());
    const said: string[] = [];
    const run = (action: string) => {
      const result = rotate(host, "token", action);
      said.push(result.stderr);
      return result;
    };
    done(run("check"), `a backup, a new token made by K3s, written to ${TOKEN}, and K3s restarted`);
    refused(run("give"), "there is no new token to give");
    done(run("do"), "done: r1");
    // Without the new token as an argument: that can be read by everybody.
    expect(deeds(host).slice(2)).toEqual([
      "k3s token rotate",
      "systemctl restart --no-block k3s.service",
      "started k3s vxlan",
    ]);
    expect(host.read(TOKEN)).toBe(`${NEW}\n`);
    expect(host.sh(`stat -c %a ${TOKEN} ${STATE}/rotating-token.done ${STATE}/rotating-token.done/new`).stdout).toBe(
      "600\n700\n600\n",
    );
    expect(run("give")).toMatchObject({
      code: 0,
      stdout: `form short\nold K10aaaa::server:${OLD}\nnew K10aaaa::server:${NEW}\n`,
    });
    // The backup holds the old token: snapshots of before need it.
    expect(
      host.sh(`tar -xOf ${STATE}/backups/before-token-r1.tar ./var_lib_rancher_k3s_server_token`).stdout,
    ).toContain(OLD);
    run("open");
    done(run("close"), "done: r1 is over");
    expect(host.sh(`grep -rl MARKTOKEN ${STATE} /run/seldon-k3s`).stdout).toBe(
      `${STATE}/backups/before-token-r1.tar\n`,
    );
    expect(said.join("")).not.toContain("MARKTOKEN");
  });

  it.each([
    ["a file in the secure form", "file", `K10aaaa::server:${OLD}`, `K10aaaa::server:${NEW}`],
    ["a setting", "setting", OLD, NEW],
    ["the installer's environment file", "environment", OLD, NEW],
  ])("replaces %s on another machine", (_, kind, before, after) => {
    const host = machine();
    const place = {
      file: TOKEN,
      setting: "/etc/rancher/k3s/config.yaml",
      environment: "/etc/systemd/system/k3s-agent.service.env",
    }[kind]!;
    const text = {
      file: (token: string) => `${token}\n`,
      setting: (token: string) => `node-name: "a1"\ntoken: "${token}"\nnode-ip: 192.0.2.1\n`,
      environment: (token: string) => `K3S_TOKEN='${token}'\nK3S_NODE_NAME='a1'\n`,
    }[kind]!;
    host.write("/fake/cluster-token", `${OLD}\n`);
    host.write(place, text(before), 0o644);
    if (kind === "file") host.write("/etc/rancher/k3s/config.yaml", `token-file: "${TOKEN}"\n`);
    host.installK3s("k3s-agent");
    host.write("/fake/cluster-token", `${NEW}\n`);
    const wish = { role: "agent", first: "no", more: both };
    done(rotate(host, "token", "check", wish), `the new token written to ${place}, and K3s restarted`);
    done(rotate(host, "token", "do", wish), "done: r1");
    expect(host.read(place)).toBe(text(after));
    expect(host.sh(`stat -c %a ${place}`).stdout).toBe("600\n");
    untilStarted(host);
    expect(deeds(host)).toEqual(["systemctl restart --no-block k3s-agent.service", "started k3s-agent vxlan"]);
    done(rotate(host, "token", "do", wish), "nothing to do");
    expect(host.sh(`grep -rl MARKTOKEN ${STATE} /run/seldon-k3s`).stdout).toBe("");
  });

  it("leaves an agent with a token of its own alone", () => {
    const host = machine();
    host.write(TOKEN, "MARKTOKEN-of-agents\n", 0o600);
    host.write("/etc/rancher/k3s/config.yaml", `token-file: "${TOKEN}"\n`);
    host.installK3s("k3s-agent");
    done(rotate(host, "token", "do", { role: "agent", first: "no", more: both }), "joined with a token of its own");
    expect([host.read(TOKEN), deeds(host)]).toEqual(["MARKTOKEN-of-agents\n", []]);
  });

  it.each<[string, (host: FixtureHost) => void, Wish, string]>([
    [
      "a server's file with another token than the cluster's",
      (host) => server(host, "MARKTOKEN-wrong"),
      {},
      "is not the cluster's",
    ],
    [
      "another server with a third token",
      (host) => server(host, "MARKTOKEN-wrong"),
      { first: "no", more: both },
      "neither the old one nor the new one",
    ],
    [
      "a token on the unit's command line",
      (host) => {
        server(host);
        host.write(
          "/etc/systemd/system/k3s.service",
          host
            .read("/etc/systemd/system/k3s.service")
            .replace("    server \\\n", "    server \\\n    '--token=MARKTOKEN-until-now' \\\n"),
        );
      },
      {},
      "where every user of this machine reads it",
    ],
  ])("refuses %s", (_, prepare, wish, text) => {
    const host = machine();
    prepare(host);
    const result = rotate(host, "token", "do", wish);
    refused(result, text, "nothing was changed");
    expect(result.stderr).not.toContain("MARKTOKEN");
    expect(deeds(host)).toEqual([]);
  });

  it("changes nothing where K3s refuses the old token", () => {
    const host = server(machine());
    host.write("/fake/cluster-token", "MARKTOKEN-somebody-changed-it\n");
    const result = rotate(host, "token", "do");
    refused(result, "k3s token rotate failed: ", "[secret]", "the token is as it was");
    expect(result.stderr).not.toContain("MARKTOKEN");
    expect(host.read(TOKEN)).toBe(`${OLD}\n`);
    expect([host.has(`${STATE}/rotating-token`), host.has("/fake/lease")]).toEqual([false, false]);
    expect(deeds(host).slice(2)).toEqual(["k3s token rotate"]);
  });

  it("says what to do where the disk fills up after K3s has the new token, and goes on", () => {
    const host = server(machine());
    host.sh("mkdir /opt/secrets && mount -t tmpfs -o size=8k tmpfs /opt/secrets");
    host.write("/opt/secrets/token", `${OLD}\n`, 0o600);
    host.write("/etc/rancher/k3s/config.yaml", "token-file: /opt/secrets/token\n", 0o600);
    host.sh("head -c 4096 /dev/zero >/opt/secrets/full");
    refused(rotate(host, "token", "do"), "cannot write the new token to /opt/secrets/token", "K3s here still runs");
    expect(host.read("/opt/secrets/token")).toBe(`${OLD}\n`);
    host.remove("/opt/secrets/full");
    done(rotate(host, "token", "do"), "done: r1");
    expect(host.read("/opt/secrets/token")).toBe(`${NEW}\n`);
    // The token was made once.
    expect(deeds(host).filter((deed) => deed === "k3s token rotate")).toEqual(["k3s token rotate"]);
  });

  it.each([
    ["k3s", "token*", "before"],
    ["k3s", "token*", "after"],
    ["mv", "*/etc/rancher/k3s/token", "before"],
    ["mv", "*/etc/rancher/k3s/token", "after"],
    ["systemctl", "restart*", "before"],
    ["systemctl", "restart*", "after"],
  ] as const)("goes on when it was killed at %s %s (%s), also after a power cut", (name, when, moment) => {
    const host = server(machine());
    const mend = killedAt(host, name, when, moment);
    expect(rotate(host, "token", "do").code).not.toBe(0);
    mend();
    // K3s comes back with whatever stands there now, or not at all.
    host.sh("kill -9 $(cat /fake/units/k3s/pid); rm -rf /run/seldon-k3s /fake/ready; systemctl start k3s; sleep 0.3");
    deeds(host);
    done(rotate(host, "token", "do"), "done: r1");
    expect(host.read(TOKEN)).toBe(`${NEW}\n`);
    expect(host.sh("systemctl is-active k3s").stdout).toBe("active\n");
    expect(host.read("/fake/cluster-token")).toBe(`${NEW}\n`);
    expect(rotate(host, "token", "give").stdout).toContain(`new K10aaaa::server:${NEW}\n`);
    expect(host.has("/fake/lease")).toBe(false);
  });
});

/** A running server with etcd and encrypted Secrets. */
function encrypted(host: FixtureHost): FixtureHost {
  host.write("/fake/keys/active", "aescbckey\n");
  host.write("/fake/keys/stage", "start\n");
  host.write("/fake/keys/hashes", "All hashes match\n");
  host.write(`${DATA}/server/db/etcd/member/wal`, "");
  host.installK3s();
  return host;
}

onMachine("rotate encryption-key", (machine) => {
  it("makes a key, waits until every Secret is written anew, restarts, and closes when all servers have it", () => {
    const host = encrypted(machine());
    done(rotate(host, "encryption-key", "check"), "a backup, a new key beside aescbckey");
    rotate(host, "encryption-key", "open");
    done(rotate(host, "encryption-key", "do"), "done: r1");
    expect(deeds(host)).toEqual([
      "k3s etcd-snapshot save --name seldon-k3s-before-encryption-key-r1",
      "k3s etcd-snapshot prune --name seldon-k3s --snapshot-retention 5",
      "k3s secrets-encrypt rotate-keys",
      "systemctl restart --no-block k3s.service",
      "started k3s vxlan",
    ]);
    expect(host.read("/fake/keys/stage")).toBe("reencrypt_finished\n");
    refused(
      rotate(host, "encryption-key", "close"),
      "the servers do not have the same keys: hash does not match between s1 and s2",
    );
    host.write("/fake/keys/hashes", "All hashes match\n");
    done(rotate(host, "encryption-key", "close"), "done: r1 is over");
  });

  it("has every other server read the key by a restart, and no more", () => {
    const host = encrypted(machine());
    done(rotate(host, "encryption-key", "check", { first: "no" }), "K3s would be restarted");
    done(rotate(host, "encryption-key", "do", { first: "no" }), "done: r1");
    expect(deeds(host)).toEqual(["systemctl restart --no-block k3s.service", "started k3s vxlan"]);
  });

  it("makes no key while another server is down, and restarts none where one goes down meanwhile", () => {
    const host = encrypted(machine());
    const down = () => host.write("/fake/nodes/s2", "Ready=Unknown=Kubelet stopped posting node status.\n");
    const more = ["other-server s2"];
    down();
    refused(
      rotate(host, "encryption-key", "do", { more }),
      "another server is down",
      "s2: Ready is Unknown",
      "nothing was changed",
    );
    expect(deeds(host)).toEqual([]);
    host.write("/fake/nodes/s2", "Ready=True=kubelet is posting ready status\n");
    host.write("/fake/stuck", "");
    refused(rotate(host, "encryption-key", "do", { more }), "a run of this program goes on");
    host.remove("/fake/stuck");
    down();
    deeds(host);
    refused(
      rotate(host, "encryption-key", "do", { more }),
      "another server is down, and two must never be down at once",
    );
    expect(deeds(host)).toEqual([]);
    host.write("/fake/nodes/s2", "Ready=True=kubelet is posting ready status\n");
    done(rotate(host, "encryption-key", "do", { more }), "done: r1");
    expect(deeds(host)).toEqual(["systemctl restart --no-block k3s.service", "started k3s vxlan"]);
  });

  it.each<[string, Record<string, string>, string]>([
    ["Secrets that are not encrypted", { enabled: "Disabled" }, "Secrets are not encrypted here"],
    [
      "a rotation that somebody has begun by hand",
      { stage: "prepare" },
      "another rotation of keys is under way by hand (stage prepare",
    ],
    ["servers with other keys", { hashes: "hash does not match between s1 and s2" }, "do not have the same keys"],
  ])("refuses %s", (_, keys, text) => {
    const host = encrypted(machine());
    for (const [name, value] of Object.entries(keys)) host.write(`/fake/keys/${name}`, `${value}\n`);
    refused(rotate(host, "encryption-key", "check"), text, "nothing was changed");
    refused(rotate(host, "encryption-key", "do"), text, "nothing was changed");
    expect(deeds(host)).toEqual([]);
  });

  it("leaves the key as it is where K3s refuses, and goes on where writing anew takes longer", () => {
    const host = encrypted(machine());
    host.write("/fake/rotate-fails", "");
    refused(rotate(host, "encryption-key", "do"), "hash mismatch", "the key is as it was");
    expect([host.has(`${STATE}/rotating-encryption-key`), host.has("/fake/lease")]).toEqual([false, false]);
    host.remove("/fake/rotate-fails");
    host.write("/fake/stuck", "");
    refused(
      rotate(host, "encryption-key", "do"),
      "K3s has not written every Secret anew after 2 s (stage reencrypt_active)",
    );
    host.remove("/fake/stuck");
    deeds(host);
    done(rotate(host, "encryption-key", "do"), "done: r1");
    // No second key, and the restart that was still to come.
    expect(deeds(host)).toEqual(["systemctl restart --no-block k3s.service", "started k3s vxlan"]);
  });

  it.each([
    ["k3s", "*rotate-keys", "before"],
    ["k3s", "*rotate-keys", "after"],
    ["systemctl", "restart*", "before"],
    ["systemctl", "restart*", "after"],
  ] as const)("goes on when it was killed at %s %s (%s)", (name, when, moment) => {
    const host = encrypted(machine());
    const mend = killedAt(host, name, when, moment);
    expect(rotate(host, "encryption-key", "do").code).not.toBe(0);
    mend();
    deeds(host);
    done(rotate(host, "encryption-key", "do"), "done: r1");
    expect(host.read("/fake/keys/active")).toBe("aescbckey-10\n");
    expect(host.sh("systemctl is-active k3s").stdout).toBe("active\n");
    expect(host.has("/fake/lease")).toBe(false);
  });
});

onMachine("rotate, used wrongly", (machine) => {
  it("says what is allowed, and does nothing", () => {
    const host = machine();
    host.installK3s();
    const wrong = (what: string, action: string, wish: Wish, text: string) =>
      expect(rotate(host, what, action, wish)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(text) as string,
      });
    wrong("tokens", "do", {}, "allowed: certificates, token, encryption-key");
    wrong("token", "", {}, "allowed: check, open, do, close, give");
    wrong("token", "open", { first: "no" }, "on the first server only");
    wrong("certificates", "give", {}, "token only");
    wrong("encryption-key", "do", { role: "agent", first: "no" }, "agents have no part in it");
    wrong("certificates", "do", { name: "../x" }, "rotation: got");
    refused(rotate(host, "certificates", "do", { role: "agent", first: "no" }), "has no k3s-agent.service");
    expect(deeds(host)).toEqual([]);
  });
});
