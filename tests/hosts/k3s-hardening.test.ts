import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  ADMISSION_FILE,
  AUDIT_FILE,
  hardeningFiles,
  hardeningSettings,
  KERNEL_FILE,
} from "../../components/k3s/hardening";
import type { HostFile } from "../../components/k3s/hosts";
import { renderSettings, type Settings } from "../../components/k3s/settings";
import { FAKE, file, type FixtureHost, onMachine, request, type Result } from "./support/host";

const CONFIG = "/etc/rancher/k3s/config.yaml";
const LOGS = "/var/lib/rancher/k3s/server/logs";
const BINARY = readFileSync(join(FAKE, "k3s"), "utf8").replaceAll(
  "$(cat /fake/version 2>/dev/null || echo v1.33.1+k3s1)",
  "v1.33.1+k3s1",
);
const INSTALLER = readFileSync(join(FAKE, "install.sh"), "utf8");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const OWN: Settings = { "node-ip": "192.0.2.11" };

interface Wish {
  readonly role?: "server" | "agent";
  readonly hardening?: "none" | "cis";
  readonly exempt?: readonly string[];
  readonly more?: readonly string[];
}

const k3s = (
  host: FixtureHost,
  { role = "server", hardening = "cis", exempt = ["kube-system"], more = [] }: Wish = {},
): Result => {
  const config = renderSettings({ ...OWN, ...hardeningSettings(role, { hardening }) });
  const extra: readonly HostFile[] = hardeningFiles(role, hardening === "cis" ? exempt : undefined);
  return host.run(
    "k3s",
    request(
      "host s1",
      `role ${role}`,
      "first yes",
      "version v1.33.1+k3s1",
      "poll-seconds 0.05",
      "timeout-seconds 10",
      ...more,
      file(CONFIG, config),
      ...extra.map(({ path, mode, content }) => file(path, content, mode)),
      file(`${CONFIG}.d/50-seldon-k3s.yaml`, config, "0600", "overlay-file"),
    ),
  );
};

/** Kernel values as a machine has them that nobody has touched. */
function untouched(host: FixtureHost): FixtureHost {
  for (const [key, value] of Object.entries({
    "vm.panic_on_oom": "0",
    "vm.overcommit_memory": "0",
    "kernel.panic": "0",
    "kernel.panic_on_oops": "0",
    "kernel.keys.root_maxkeys": "1000000",
    "kernel.keys.root_maxbytes": "25000000",
  })) {
    host.write(`/fake/sysctl/${key}`, `${value}\n`);
  }
  return host;
}

/** A machine that runs K3s with a config.yaml of ours, without the profile. */
function running(host: FixtureHost, unit: "k3s" | "k3s-agent" = "k3s"): FixtureHost {
  host.remove("/fake/bin/k3s");
  host.write("/usr/local/bin/k3s", BINARY, 0o755);
  host.write(CONFIG, renderSettings(OWN), 0o600);
  host.installK3s(unit);
  return untouched(host);
}

const refused = (result: Result, ...texts: readonly string[]) => {
  expect(result.code).toBe(1);
  for (const text of texts) expect(result.stderr).toContain(text);
};
const FILES = [ADMISSION_FILE, AUDIT_FILE, KERNEL_FILE];
const there = (host: FixtureHost) => FILES.map((path) => host.has(path));

onMachine("k3s with the CIS profile", (machine) => {
  it("sets the kernel's values before it restarts a server, writes 0600, and then has nothing to do", () => {
    const host = running(machine());
    const result = k3s(host);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("set kernel.panic from 0 to 10");
    expect(result.stderr).toContain(`K3s must be restarted: kube-apiserver-arg is not set, wanted is`);
    expect(result.stderr).toContain(`${ADMISSION_FILE} differs`);
    const calls = host.calls();
    // kubelet ends where it finds another value, so the order decides.
    expect(calls.filter((call) => /^(sysctl|started|systemctl restart)/.test(call))).toEqual([
      "sysctl vm.overcommit_memory=1",
      "sysctl kernel.panic=10",
      "sysctl kernel.panic_on_oops=1",
      "systemctl restart --no-block k3s.service",
      "started k3s vxlan",
    ]);
    expect(host.sh(`stat -c %a ${FILES.join(" ")} ${LOGS}`).stdout).toBe("600\n600\n600\n700\n");
    expect(host.read(CONFIG)).toContain("protect-kernel-defaults: true");

    expect(k3s(host)).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing to do") as string });
    expect(host.calls()).toEqual([]);
  });

  it("gives an agent the kernel's values and kubelet's, and no file of the API server", () => {
    const host = running(machine(), "k3s-agent");
    expect(k3s(host, { role: "agent" }).code).toBe(0);
    expect(there(host)).toEqual([false, false, true]);
    expect(host.calls()).toContain("started k3s-agent vxlan");
    expect(host.has(LOGS)).toBe(false);
  });

  it("takes its files away after K3s runs without it, and keeps those of others", () => {
    const host = running(machine());
    k3s(host);
    host.calls();
    const result = k3s(host, { hardening: "none" });
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining(`removed ${KERNEL_FILE}`) as string });
    expect(there(host)).toEqual([false, false, false]);
    // Restarted with the files still there: a K3s that came back by itself meanwhile would have needed them.
    expect(host.calls().filter((call) => /started|ended/.test(call))).toEqual(["started k3s vxlan"]);
    expect(host.read(CONFIG)).toBe(renderSettings(OWN));

    host.write(KERNEL_FILE, "kernel.panic = 10\n");
    expect(k3s(host, { hardening: "none" }).stderr).toContain("nothing to do");
    expect(host.has(KERNEL_FILE)).toBe(true);
  });

  it("restarts for a changed file of the API server, and sees an interrupted change of it through", () => {
    const host = running(machine());
    k3s(host);
    host.calls();
    expect(k3s(host, { exempt: ["kube-system", "more"] })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`K3s must be restarted: ${ADMISSION_FILE} differs\n`) as string,
    });
    expect(host.calls()).toContain("systemctl restart --no-block k3s.service");

    // The file is written, and then the power goes.
    host.write("/fake/real/systemctl", host.read("/fake/bin/systemctl"), 0o755);
    host.write(
      "/fake/bin/systemctl",
      `#!/bin/sh\nif [ "$1" = restart ]; then kill -9 $PPID; exit 1; fi\nexec /fake/real/systemctl "$@"\n`,
      0o755,
    );
    expect(k3s(host, { exempt: ["kube-system", "third"] }).code).not.toBe(0);
    expect(host.read(ADMISSION_FILE)).toContain("third");
    host.write("/fake/bin/systemctl", host.read("/fake/real/systemctl"), 0o755);
    host.calls();
    expect(k3s(host, { exempt: ["kube-system", "third"] })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(
        `an interrupted run has written ${ADMISSION_FILE} and not restarted K3s`,
      ) as string,
    });
    expect(host.calls()).toContain("systemctl restart --no-block k3s.service");
    expect(k3s(host, { exempt: ["kube-system", "third"] }).stderr).toContain("nothing to do");
  });

  it("puts everything back when K3s does not come up with it", () => {
    const host = running(machine());
    const before = host.tree("/etc/rancher");
    host.write("/fake/crash-hardened", "");
    refused(k3s(host), "putting the old files back", "The files are as they were");
    expect(host.tree("/etc/rancher")).toBe(before);
    expect(host.sh("systemctl is-active k3s").stdout).toBe("active\n");
  });

  it("changes nothing of K3s where the kernel refuses a value", () => {
    const host = running(machine());
    const before = host.tree("/etc/rancher", "/etc/sysctl.d");
    host.write("/fake/sysctl-refuses", "kernel.panic\n");
    refused(
      k3s(host),
      "the kernel does not take kernel.panic = 10, it is 0: sysctl: permission denied on key 'kernel.panic'",
      "K3s and its settings are as they were",
    );
    expect(host.tree("/etc/rancher", "/etc/sysctl.d")).toBe(before);
    expect(host.calls().filter((call) => /started|restart/.test(call))).toEqual([]);
    host.remove("/fake/sysctl-refuses");
    expect(k3s(host).code).toBe(0);
  });

  it("refuses values that would be others after a reboot", () => {
    const host = running(machine());
    host.write("/etc/sysctl.d/99-panic.conf", "# ours\nkernel.panic=60\n");
    refused(
      k3s(host),
      `/etc/sysctl.d/99-panic.conf says kernel.panic = 60 and is read after ${KERNEL_FILE}, wanted is 10`,
    );
    host.write("/etc/sysctl.d/99-panic.conf", "kernel.panic=10\n");
    host.write("/etc/sysctl.d/10-panic.conf", "kernel.panic=60\n");
    host.write(KERNEL_FILE, "vm.overcommit_memory=2\n");
    refused(k3s(host), `${KERNEL_FILE} is somebody else's and says vm.overcommit_memory = 2, wanted is 1`);
    expect(host.calls().filter((call) => /sysctl|restart/.test(call))).toEqual([]);
    // One that says the same stays as it is.
    host.write(KERNEL_FILE, "vm.overcommit_memory=1\n");
    expect(k3s(host).code).toBe(0);
    expect(host.read(KERNEL_FILE)).toBe("vm.overcommit_memory=1\n");
  });

  it("refuses an admission file of somebody else, and a disk without room", () => {
    const host = running(machine());
    host.write(ADMISSION_FILE, "kind: AdmissionConfiguration\n");
    refused(k3s(host), `${ADMISSION_FILE} was written by somebody else and says other things than the stack`);
    host.remove(ADMISSION_FILE);
    const before = host.tree("/etc/rancher");
    host.sh(
      "mkdir -p /etc/sysctl.d && mount -t tmpfs -o size=4k tmpfs /etc/sysctl.d && head -c 4096 /dev/zero >/etc/sysctl.d/full",
    );
    refused(k3s(host), `cannot write ${KERNEL_FILE}`, "K3s and its settings are as they were");
    expect(host.tree("/etc/rancher")).toBe(before);
    expect(host.calls().filter((call) => /started|restart/.test(call))).toEqual([]);
  });

  it("leaves a machine that was taken over alone until hosts.converge is raised", () => {
    const host = running(machine());
    host.write(CONFIG, "node-ip: 192.0.2.11\n", 0o600);
    host.sh(`touch -d '1 minute ago' ${CONFIG}`);
    const result = k3s(host, { more: ["converge 0"] });
    expect(result.stderr).toContain("note: protect-kernel-defaults is not set here, the stack says true");
    expect([result.code, there(host), host.calls()]).toEqual([0, [false, false, false], []]);
    expect(k3s(host, { more: ["converge 1"] }).code).toBe(0);
    expect(there(host)).toEqual([true, true, true]);
    expect(host.read(CONFIG)).toBe("node-ip: 192.0.2.11\n");
    expect(host.calls()).toContain("started k3s vxlan");
  });

  it("comes with an installation, and goes with one that fails", () => {
    const host = untouched(machine());
    host.remove("/fake/bin/k3s");
    host.write("/opt/pinned/k3s", BINARY);
    host.write("/opt/pinned/k3s-arm64", BINARY);
    host.write("/opt/pinned/install.sh", INSTALLER);
    host.sh(
      "ip link add d0 type veth peer name d1; ip addr add 192.0.2.11/24 dev d0; ip link set d0 up; ip link set d1 up; ip route add default dev d0",
    );
    const more = [
      "folder /opt/pinned",
      `installer-sha256 ${sha256(INSTALLER)}`,
      `binary-sha256-amd64 ${sha256(BINARY)}`,
      `binary-sha256-arm64 ${sha256(BINARY)}`,
      "join-seconds 0",
      "min-free-mib 1",
      "min-free-bin-mib 1",
    ];
    const places = ["/etc/rancher", "/etc/sysctl.d", "/var/lib/rancher", "/var/lib/seldon-k3s"];
    const before = host.tree(...places);
    host.write("/fake/sysctl-refuses", "kernel.panic\n");
    refused(k3s(host, { more }), "the kernel does not take kernel.panic = 10", "What was placed has been taken away");
    expect(host.tree(...places)).toBe(before);
    host.remove("/fake/sysctl-refuses");
    host.calls();
    expect(k3s(host, { more }).code).toBe(0);
    expect(there(host)).toEqual([true, true, true]);
    expect(host.calls()).toContain("started k3s vxlan");
    expect(host.sh(`stat -c %a ${LOGS}`).stdout).toBe("700\n");
    expect(k3s(host, { more }).stderr).toContain("nothing to do");
    expect(host.run("uninstall", request("host s1", "role server")).code).toBe(0);
    expect(there(host)).toEqual([false, false, false]);
  });
});
