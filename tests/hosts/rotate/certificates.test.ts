import { onMachine } from "../support/host";
import { DATA, LEAF, STATE, deeds, done, killedAt, refused, rotate, untilStarted } from "../support/rotate";

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
