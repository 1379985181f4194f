import { type FixtureHost, onMachine } from "../support/host";
import { DATA, STATE, type Wish, deeds, done, killedAt, refused, rotate, untilStarted } from "../support/rotate";

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
