import { type FixtureHost, onMachine, request } from "./support/host";

const DB = "/var/lib/rancher/k3s/server/db/state.db";
const BACKUPS = "/var/lib/seldon-k3s/backups";
const backup = (host: FixtureHost, name: string) =>
  host.run("backup", request("host s1", `name ${name}`, "keep 2", "poll-seconds 0.05"));

/** A running server on SQLite with one row. */
function sqlite(host: FixtureHost): FixtureHost {
  host.installK3s();
  host.sh(`sqlite3 ${DB} "pragma journal_mode=wal; create table kine (a); insert into kine values ('row-1')"`);
  return host;
}
const rows = (host: FixtureHost, name: string) =>
  host.sh(
    `mkdir -p /tmp/out && tar -C /tmp/out -xf ${BACKUPS}/${name}.tar && sqlite3 /tmp/out/state.db 'select a from kine'`,
  ).stdout;
/** Takes a tool out of the machine. */
const without = (host: FixtureHost, ...tools: readonly string[]) =>
  host.sh(tools.map((tool) => `for path in $(which -a ${tool}); do rm -f $path; done`).join("; "));

onMachine("backup", (machine) => {
  it("copies a database in use and its token into one private file, and prints its sum", () => {
    const host = sqlite(machine());
    const { code, stdout, stderr } = backup(host, "one");
    expect(code).toBe(0);
    const sum = host
      .sh(`sha256sum <${BACKUPS}/one.tar | cut -d ' ' -f 1; stat -c %s ${BACKUPS}/one.tar`)
      .stdout.trim()
      .split("\n");
    expect(stdout).toBe(`backup ${BACKUPS}/one.tar ${sum.join(" ")}\n`);
    expect(host.sh(`stat -c %a ${BACKUPS} ${BACKUPS}/*`).stdout).toBe("700\n600\n600\n");
    expect(rows(host, "one")).toBe("row-1\n");
    expect(host.read("/tmp/out/var_lib_rancher_k3s_server_token")).toContain("MARKTOKEN-generated");
    expect(host.read("/tmp/out/RESTORE")).toContain("systemctl stop k3s");
    expect(host.read("/tmp/out/RESTORE")).toContain("Made by seldon-k3s' programs of no installation.\n");
    expect(stdout + stderr).not.toContain("MARKTOKEN");
    expect(host.calls()).toEqual([]);

    // A backup that is there is the state before the change: a second run leaves it.
    host.sh(`sqlite3 ${DB} "insert into kine values ('row-2')"`);
    expect(backup(host, "one")).toMatchObject({ code: 0, stdout });
    expect(rows(host, "one")).toBe("row-1\n");
    host.sh(`truncate -s 100 ${BACKUPS}/one.tar`);
    expect(backup(host, "one").code).toBe(0);
    expect(rows(host, "one")).toBe("row-1\nrow-2\n");
  });

  it("uses python3 without sqlite3", () => {
    const host = sqlite(machine());
    host.sh(
      "mkdir /opt/py; ln -s \"$(python3 -c 'import sys; print(sys.executable)')\" /opt/py/python3; mv /usr/bin/sqlite3 /opt/sqlite3",
    );
    const result = host.exec(
      ["env", "PATH=/opt/py:/fake/bin:/usr/sbin:/usr/bin:/sbin:/bin", "/usr/local/lib/seldon-k3s/backup"],
      request("name one"),
    );
    expect(result).toMatchObject({ code: 0 });
    host.sh("mv /opt/sqlite3 /usr/bin/sqlite3");
    expect(rows(host, "one")).toBe("row-1\n");
    expect(host.calls()).toEqual([]);
  });

  it("stops K3s for the copy without either, and starts it again, also after it was killed meanwhile", () => {
    const host = sqlite(machine());
    host.sh("cp /usr/bin/sqlite3 /opt/sqlite3");
    without(host, "sqlite3", "python3");
    expect(backup(host, "one")).toMatchObject({ code: 0 });
    expect(host.calls()).toEqual(["systemctl stop k3s.service", "systemctl start k3s.service", "started k3s vxlan"]);

    host.write("/fake/bin/cp", "#!/bin/sh\nkill -9 $PPID\n", 0o755);
    expect(backup(host, "two").code).not.toBe(0);
    expect(host.sh("systemctl is-active k3s").stdout).not.toBe("active\n");
    host.remove("/fake/bin/cp");
    expect(backup(host, "two")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("an interrupted backup had stopped") as string,
    });
    expect(host.sh("systemctl is-active k3s").stdout).toBe("active\n");
  });

  it("takes a snapshot of etcd", () => {
    const host = machine();
    host.write("/var/lib/rancher/k3s/server/db/etcd/member/wal", "");
    host.installK3s();
    expect(backup(host, "one")).toMatchObject({ code: 0 });
    expect(host.calls()[0]).toBe("k3s etcd-snapshot save --name seldon-k3s-one");
    expect(host.sh(`tar -tf ${BACKUPS}/one.tar | sort`).stdout).toMatch(
      /\.\/RESTORE\n.*\.\/seldon-k3s-one-fixture-1\n/s,
    );
  });

  it("tells how to restore its own copy also where snapshots go to a bucket", () => {
    const host = machine();
    host.write("/var/lib/rancher/k3s/server/db/etcd/member/wal", "");
    host.installK3s();
    const restore = (name: string) => {
      expect(backup(host, name)).toMatchObject({ code: 0 });
      return host.sh(`tar -xOf ${BACKUPS}/${name}.tar ./RESTORE`).stdout;
    };
    expect(restore("one")).toMatch(/--token-file=\S+_token$/m);
    host.write("/etc/rancher/k3s/config.yaml", 'etcd-s3: true\netcd-s3-config-secret: "x"\n', 0o600);
    expect(restore("two")).toMatch(/--token-file=\S+_token --etcd-s3=false$/m);
  });

  it("keeps the newest, and nothing that a killed run has left", () => {
    const host = sqlite(machine());
    host.write(`${BACKUPS}/.half.tar`, "half");
    for (const [index, name] of ["one", "two", "three"].entries()) {
      backup(host, name);
      host.sh(`touch -d "2026-01-0${index + 1}" ${BACKUPS}/${name}.tar`);
    }
    backup(host, "four");
    expect(host.sh(`ls -A ${BACKUPS}`).stdout).toBe("four.tar\nfour.tar.sha256\nthree.tar\nthree.tar.sha256\n");
  });

  it("receives and sends", () => {
    const host = machine();
    const { code, stdout } = host.run("backup", "bytes\n", "receive", "s1-one");
    expect([code, stdout]).toEqual([0, `${host.sh("printf 'bytes\\n' | sha256sum | cut -d ' ' -f 1").stdout}`]);
    expect(host.sh(`stat -c %a ${BACKUPS} ${BACKUPS}/received ${BACKUPS}/received/s1-one.tar`).stdout).toBe(
      "700\n700\n600\n",
    );
    const cut = host.run("backup", "byt", "receive", "s1-two", stdout.trim());
    expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining("did not arrive whole") as string });
    expect(host.run("backup", "bytes\n", "receive", "s1-three", stdout.trim())).toMatchObject({ code: 0 });
    expect(host.sh(`ls -A ${BACKUPS}/received`).stdout).toBe("s1-one.tar\ns1-three.tar\n");
    host.sh(`cp ${BACKUPS}/received/s1-one.tar ${BACKUPS}/`);
    expect(host.run("backup", "", "send", "s1-one")).toMatchObject({ code: 0, stdout: "bytes\n" });
    expect(host.run("backup", "", "send", "../../../../etc/shadow")).toMatchObject({ code: 2 });
  });

  it.each([
    ["an agent", (host: FixtureHost) => host.installK3s("k3s-agent"), "no server and has no datastore"],
    [
      "a datastore elsewhere",
      (host: FixtureHost) => host.installK3s("k3s", ["--datastore-endpoint=mysql://u:MARKPASSWORD@h/k"]),
      "is outside of K3s",
    ],
  ])("refuses %s", (_, install, text) => {
    const host = machine();
    install(host);
    const { code, stderr } = backup(host, "one");
    expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
    expect(stderr).not.toContain("MARKPASSWORD");
  });
});

onMachine("token", (machine) => {
  const put = (host: FixtureHost, text: string) =>
    host.run("token", request("host s1", "converge 1", `secret-file 0600 /etc/rancher/k3s/token\n| ${text}`));

  it("puts a token on an empty machine only, and says nothing of it", () => {
    const host = machine();
    host.remove("/fake/bin/k3s", "/etc/rancher");
    const first = put(host, "MARKTOKEN-1");
    expect(first).toMatchObject({ code: 0, stderr: "seldon-k3s: s1: done: the token is there\n" });
    expect(host.sh("stat -c %a /etc/rancher/k3s /etc/rancher/k3s/token").stdout).toBe("700\n600\n");
    expect(host.read("/etc/rancher/k3s/token")).toBe("MARKTOKEN-1\n");
    expect(put(host, "MARKTOKEN-1").stderr).toContain("nothing to do");
    host.write("/fake/bin/k3s", "", 0o755);
    const other = put(host, "MARKTOKEN-2");
    expect(other).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("differs from the stack's token") as string,
    });
    expect(host.read("/etc/rancher/k3s/token")).toBe("MARKTOKEN-1\n");
    expect(other.stderr).not.toContain("MARKTOKEN");
  });
});

onMachine("uninstall", (machine) => {
  it("runs K3s' uninstaller, takes away what is ours, keeps backups", () => {
    const host = machine();
    host.installK3s("k3s", ["--flannel-backend=vxlan"]);
    host.write("/etc/systemd/system/k3s.service.d/90-seldon-k3s.conf", "# Written by seldon-k3s\n");
    host.write("/var/lib/seldon-k3s/backups/one.tar", "x");
    host.write("/var/lib/seldon-k3s/in-force", "x");
    host.write("/var/lib/seldon-k3s/rotations/token", "x");
    host.write("/var/lib/seldon-k3s/rotating-token.done/new", "x");
    const uninstall = (role: string) =>
      host.run("uninstall", request("host s1", `role ${role}`, "version v1.33.1+k3s1"));
    expect(uninstall("agent")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("has k3s.service, so it is no agent") as string,
    });
    expect(uninstall("server")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("K3s' uninstaller") as string,
    });
    host.write(
      "/usr/local/bin/k3s-uninstall.sh",
      "#!/bin/sh\nsystemctl stop k3s\nrm -f /etc/systemd/system/k3s.service\nrm -rf /etc/rancher/k3s\nrm -f $0\n",
      0o755,
    );
    expect(uninstall("server")).toMatchObject({ code: 0 });
    expect(host.tree("/etc/systemd/system", "/var/lib/seldon-k3s")).toMatch(
      /^\/etc\/systemd\/system 755\n\/var\/lib\/seldon-k3s 755\n.*\/backups/,
    );
    expect(host.sh("ls -A /var/lib/seldon-k3s").stdout).toBe("backups\n");
    expect(uninstall("server")).toMatchObject({ code: 0 });
  });
});
