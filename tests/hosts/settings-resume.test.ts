import { file, type FixtureHost, onMachine, PROGRAMS, request } from "./support/host";

const CNI = "/etc/rancher/k3s/config.yaml.d/90-cni.yaml";
const OLD = '# Written by seldon-k3s.\nflannel-backend: "vxlan"\n';
const NEW = '# Written by seldon-k3s.\nflannel-backend: "none"\n';

const settings = (host: FixtureHost, ...more: readonly string[]) =>
  host.run(
    "settings",
    request(
      "host s1",
      "role server",
      "expect-backend none",
      "move-unit-flags yes",
      "poll-seconds 0.05",
      "timeout-seconds 30",
      ...more,
      file(CNI, NEW),
    ),
  );

/**
 * Tools that change something kill the program that called them at their Nth call, before or after they did their work:
 * what a power cut between two lines leaves behind.
 */
function fuse(host: FixtureHost, count: number, moment: "before" | "after"): void {
  host.write("/fake/fuse", `${count}\n`);
  for (const [name, real] of [
    ["mv", "/usr/bin/mv"],
    ["cp", "/usr/bin/cp"],
    ["systemctl", "/fake/real/systemctl"],
  ] as const) {
    host.write(
      `/fake/bin/${name}`,
      `#!/bin/sh
case "${name} $1" in "systemctl show" | "systemctl is-active") exec ${real} "$@" ;; esac
blow() { for process in /proc/[0-9]*; do if grep -qs ${PROGRAMS}/settings $process/cmdline; then kill -9 "\${process##*/}"; fi; done; }
left=$(($(cat /fake/fuse) - 1))
echo $left >/fake/fuse
if [ $left = 0 ] && [ ${moment} = before ]; then blow; exit 1; fi
${real} "$@"
code=$?
if [ $left = 0 ]; then blow; fi
exit $code
`,
      0o755,
    );
  }
}

/** A server on Flannel by a flag and by a file, so that both an override and a file change. */
function server(host: FixtureHost): FixtureHost {
  host.write(CNI, OLD, 0o600);
  host.installK3s("k3s", ["--flannel-backend=vxlan", "--tls-san=x"]);
  host.write("/fake/real/systemctl", host.read("/fake/bin/systemctl"), 0o755);
  return host;
}

// Each point costs three runs. A plain test run takes some of them, TEST_ALL_POINTS=1 all, and a fault at any of them is
// found by the next run of that kind.
const STEP = process.env["TEST_ALL_POINTS"] === "1" ? 1 : 7;

onMachine("settings, killed between any two changes", (machine) => {
  it.each(["before", "after"] as const)(
    "converges when it is run again (killed %s the change)",
    (moment) => {
      let killed = 0;
      const first = moment === "before" || STEP === 1 ? 1 : 3;
      for (let count = first; ; count += STEP) {
        // Every second time the machine loses its power: K3s is down, and starts with whatever files there are.
        const powerCut = killed % 2 === 1;
        const host = count === first ? server(machine()) : machine();
        if (count > first) restore(host);
        fuse(host, count, moment);
        const { code } = settings(host);
        for (const name of ["mv", "cp"]) host.remove(`/fake/bin/${name}`);
        host.write("/fake/bin/systemctl", host.read("/fake/real/systemctl"), 0o755);
        if (code === 0) break;
        killed++;
        // At no moment is a file half written.
        expect([OLD, NEW]).toContain(host.read(CNI));
        if (powerCut) host.sh("kill -9 $(cat /fake/units/k3s/pid); rm -rf /run/seldon-k3s; systemctl start k3s");
        const again = settings(host);
        expect([count, again.code, again.stderr]).toEqual([count, 0, expect.any(String)]);
        expect(host.read(CNI)).toBe(NEW);
        expect(host.read("/etc/systemd/system/k3s.service.d/90-seldon-k3s.conf")).toContain("# moved: flannel-backend");
        expect(host.read("/var/lib/rancher/k3s/agent/etc/containerd/config.toml")).not.toContain("conf_dir");
        expect(
          host.sh(
            "ls -A /var/lib/seldon-k3s; ls /fake/lease; ls -A /etc/rancher/k3s/config.yaml.d /etc/systemd/system/k3s.service.d",
          ).stdout,
        ).toBe(
          "in-force\n/etc/rancher/k3s/config.yaml.d:\n90-cni.yaml\n\n/etc/systemd/system/k3s.service.d:\n90-seldon-k3s.conf\n",
        );
        host.calls();
        expect(settings(host).stderr).toContain("nothing to do");
        expect(host.calls()).toEqual([]);
      }
      expect(killed).toBeGreaterThanOrEqual(STEP === 1 ? 12 : 1);
    },
    120_000,
  );

  /** Back to the start, on the same machine: a new one for each point would cost more than the run. */
  function restore(host: FixtureHost): void {
    host.sh("systemctl stop k3s");
    host.remove("/var/lib/seldon-k3s", "/run/seldon-k3s", "/fake/lease", "/etc/systemd/system/k3s.service.d");
    host.write(CNI, OLD, 0o600);
    host.sh("rm -f /fake/ready; systemctl start k3s; until [ -e /fake/ready ]; do sleep 0.01; done");
    host.calls();
  }
});

onMachine("settings, interrupted while this server's K3s was down", (machine) => {
  const interrupted = (host: FixtureHost) => {
    server(host);
    host.write(
      "/fake/bin/systemctl",
      `#!/bin/sh\nif [ "$1" = restart ]; then /fake/real/systemctl stop k3s.service; kill -9 $PPID; exit 1; fi\nexec /fake/real/systemctl "$@"\n`,
      0o755,
    );
    settings(host);
    host.write("/fake/bin/systemctl", host.read("/fake/real/systemctl"), 0o755);
    expect(host.sh("systemctl is-active k3s").stdout).not.toBe("active\n");
  };

  it("goes on without the API", () => {
    const host = machine();
    interrupted(host);
    const again = settings(host);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("going on without it") as string });
    expect(host.has("/fake/lease")).toBe(false);
  });

  it("goes back to the last state that ran, when the new one does not come up", () => {
    const host = machine();
    interrupted(host);
    host.write("/fake/crash-on", "none");
    expect(settings(host)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("putting the old files back") as string,
    });
    expect(host.read(CNI)).toBe(OLD);
    expect(host.has("/etc/systemd/system/k3s.service.d")).toBe(false);
    expect(host.sh("systemctl is-active k3s").stdout).toBe("active\n");
  });

  it("remembers the way back when not even the old state comes up, and takes it later", () => {
    const host = machine();
    interrupted(host);
    host.write("/fake/bin/k3s-process", "#!/bin/sh\nexit 1\n", 0o755);
    expect(settings(host)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not come back with its old files either") as string,
    });
    expect(host.has("/var/lib/seldon-k3s/pending")).toBe(true);
    expect(host.read(CNI)).toBe(OLD);
  });

  it("does not start a K3s that somebody else has stopped", () => {
    const host = machine();
    server(host);
    host.sh("systemctl stop k3s");
    host.calls();
    expect(settings(host)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("this server's API is not ready") as string,
    });
    expect(host.calls()).toEqual([]);
    expect(host.read(CNI)).toBe(OLD);
  });
});
