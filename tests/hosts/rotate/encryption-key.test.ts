import { type FixtureHost, onMachine } from "../support/host";
import { DATA, STATE, deeds, done, killedAt, refused, rotate } from "../support/rotate";

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
