import { file, type FixtureHost, onMachine, request, type Result } from "./support/host";

const CNI = "/etc/rancher/k3s/config.yaml.d/90-cni.yaml";
const POLICY = "/etc/rancher/k3s/config.yaml.d/91-policy.yaml";
const OVERRIDE = "/etc/systemd/system/k3s.service.d/90-seldon-k3s.conf";
const FAST = ["poll-seconds 0.05", "timeout-seconds 30", "lease-wait-seconds 1"];

const cniFile = (backend: string) => file(CNI, `# Written by seldon-k3s.\nflannel-backend: "${backend}"\n`);

/** The request that makes a server's backend so. */
const backend = (host: FixtureHost, wanted: string, ...more: readonly string[]): Result =>
  host.run(
    "settings",
    request("host s1", "role server", `expect-backend ${wanted}`, ...FAST, ...more, cniFile(wanted)),
  );

/** Calls that restart K3s or take the lease. */
const RESTARTED = (started: string) => [
  expect.stringMatching(/ create -f -$/) as string,
  "systemctl restart --no-block k3s.service",
  `started k3s ${started}`,
  expect.stringMatching(/ delete --raw .*seldon-k3s-restart/) as string,
];

onMachine("settings on a server", (machine) => {
  it("finds nothing to do where the wanted value is in force by a flag, and writes nothing", () => {
    const host = machine();
    host.installK3s("k3s", ["--flannel-backend=vxlan"]);
    const before = host.tree("/etc/rancher", "/etc/systemd/system");
    expect(backend(host, "vxlan")).toEqual({
      code: 0,
      stdout: "",
      stderr: "seldon-k3s: s1: nothing to do: the settings are in force\n",
    });
    expect(host.calls()).toEqual([]);
    expect(host.tree("/etc/rancher", "/etc/systemd/system")).toBe(before);
  });

  it.each([
    ["--flannel-backend=vxlan", ["--flannel-backend=vxlan"]],
    ["a value as a word of its own", ["--flannel-backend", "vxlan"]],
    ["one dash", ["-flannel-backend=vxlan"]],
  ])("refuses a flag that nobody allowed to be moved: %s", (_, flags) => {
    const host = machine();
    host.installK3s("k3s", flags);
    const before = host.tree("/etc/rancher", "/etc/systemd/system");
    const { code, stderr } = backend(host, "none");
    expect(code).toBe(1);
    expect(stderr).toContain("nothing was changed");
    expect(stderr).toContain(
      "--flannel-backend=vxlan in /etc/systemd/system/k3s.service, wanted is none; set hosts.moveUnitFlags: true",
    );
    expect(host.calls()).toEqual([]);
    expect(host.tree("/etc/rancher", "/etc/systemd/system")).toBe(before);
  });

  it("moves the flag, keeps all others as they are written, and puts it back byte for byte", () => {
    const host = machine();
    host.installK3s("k3s", ["--tls-san=a b", "--flannel-backend", "vxlan", "--kubelet-arg=v=%%2"]);
    const before = host.tree("/etc/systemd/system");

    expect(backend(host, "none", "move-unit-flags yes")).toMatchObject({ code: 0 });
    expect(host.calls()).toEqual(RESTARTED("none"));
    expect(host.read(OVERRIDE)).toBe(
      [
        "# Written by seldon-k3s: these flags of the unit are settings in /etc/rancher/k3s/config.yaml.d now.",
        "# moved: flannel-backend",
        "[Service]",
        "ExecStart=",
        "ExecStart=/usr/local/bin/k3s \\",
        "    server \\",
        "    '--tls-san=a b' \\",
        "    '--kubelet-arg=v=%%2'",
        "",
      ].join("\n"),
    );
    expect(host.sh(`stat -c %a ${CNI} ${OVERRIDE}`).stdout).toBe("600\n644\n");
    expect(host.sh("ls -A /etc/rancher/k3s/config.yaml.d /etc/systemd/system/k3s.service.d").stdout).not.toContain(
      ".new",
    );

    // The same again, also without the permission: what is moved stays moved.
    expect(backend(host, "none")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("nothing to do") as string,
    });
    expect(host.calls()).toEqual([]);

    expect(backend(host, "vxlan", "move-unit-flags yes", "put-back-unit-flags yes")).toMatchObject({ code: 0 });
    expect(host.calls()).toEqual(RESTARTED("vxlan"));
    expect(host.tree("/etc/systemd/system")).toBe(before);
  });

  it("leaves a moved flag moved while the files say otherwise, whatever other setting is put back", () => {
    const host = machine();
    host.installK3s("k3s", ["--flannel-backend=vxlan", "--disable-network-policy=false"]);
    backend(host, "none", "move-unit-flags yes");
    const policy = (value: boolean) =>
      host.run(
        "settings",
        request(
          "role server",
          ...FAST,
          "move-unit-flags yes",
          `put-back-unit-flags ${value ? "no" : "yes"}`,
          file(POLICY, `disable-network-policy: ${value}\n`),
        ),
      );
    expect(policy(true)).toMatchObject({ code: 0 });
    expect(host.read(OVERRIDE)).toContain("# moved: disable-network-policy\n# moved: flannel-backend\n");
    host.calls();
    expect(policy(false)).toMatchObject({ code: 0 });
    expect(host.calls()).toContain("started k3s none");
    expect(host.read(OVERRIDE)).toContain("# moved: flannel-backend\n");
    expect(host.read(OVERRIDE)).not.toContain("# moved: disable-network-policy");
  });

  it("refuses where a later file of somebody else says otherwise", () => {
    const host = machine();
    host.installK3s();
    host.write("/etc/rancher/k3s/config.yaml.d/99-team.yaml", 'flannel-backend: "host-gw"\n');
    const { code, stderr } = backend(host, "none");
    expect(code).toBe(1);
    expect(stderr).toContain(
      `flannel-backend in /etc/rancher/k3s/config.yaml.d/99-team.yaml, which K3s reads after ${CNI}`,
    );
    expect(host.has(CNI)).toBe(false);
  });

  it("restarts for a file that somebody changed after K3s had started, and only once", () => {
    const host = machine();
    host.installK3s();
    host.write(CNI, '# Written by seldon-k3s.\nflannel-backend: "vxlan"\n', 0o600);
    expect(backend(host, "vxlan").stderr).toContain(`flannel-backend was changed in ${CNI} after K3s had started`);
    expect(host.calls()).toEqual(RESTARTED("vxlan"));
    expect(backend(host, "vxlan")).toMatchObject({ code: 0 });
    expect(host.calls()).toEqual([]);
  });

  it("puts the old files back when K3s does not come back, and K3s with them", () => {
    const host = machine();
    host.installK3s("k3s", ["--flannel-backend=vxlan"]);
    const before = host.tree("/etc/rancher", "/etc/systemd/system");
    host.write("/fake/crash-on", "none");
    const { code, stderr } = backend(host, "none", "move-unit-flags yes");
    expect(code).toBe(1);
    expect(stderr).toMatch(/not done: K3s did not come back: waited \d+ of at most 30 s. The files are as they were\./);
    expect(host.tree("/etc/rancher", "/etc/systemd/system")).toBe(
      before.replace("/etc/rancher/k3s 755", "/etc/rancher/k3s 755\n/etc/rancher/k3s/config.yaml.d 755"),
    );
    expect(host.calls().filter((call) => call.startsWith("started"))).toEqual([
      "started k3s none",
      "started k3s vxlan",
    ]);
    expect(host.has("/fake/lease")).toBe(false);
    expect(host.has("/var/lib/seldon-k3s/pending")).toBe(false);
  });

  it("is no-go while another server is down, and gives the lease back", () => {
    const host = machine();
    host.installK3s();
    host.write("/fake/nodes/s2", "Ready=True=kubelet is posting ready status\nEtcdIsVoter=True=\n");
    host.write("/fake/nodes/s3", "Ready=Unknown=Kubelet stopped posting node status.\n");
    const { code, stderr } = backend(host, "none", "other-server s2", "other-server s3");
    expect(code).toBe(1);
    expect(stderr).toContain("s3: Ready is Unknown=Kubelet stopped posting node status.");
    expect(stderr).not.toContain("s2:");
    expect(host.has("/fake/lease")).toBe(false);
    expect(host.has(CNI)).toBe(false);

    // NotReady for want of a CNI is up.
    host.write(
      "/fake/nodes/s3",
      "Ready=False=container runtime network not ready: NetworkReady=false cni plugin not initialized\n",
    );
    expect(backend(host, "none", "other-server s2", "other-server s3")).toMatchObject({ code: 0 });
  });

  it("waits for a server that was restarted a moment ago", () => {
    const host = machine();
    host.installK3s();
    host.write("/fake/nodes/s2", "Ready=False=PLEG is not healthy: pleg has yet to be successful\n");
    host.write("/fake/well", "Ready=True=kubelet is posting ready status\n");
    host.sh("(sleep 2; mv /fake/well /fake/nodes/s2) >/dev/null 2>&1 &");
    expect(backend(host, "none", "other-server s2")).toMatchObject({ code: 0 });
  });

  it("gives the lease back, also where the API fails once more after the restart", () => {
    const host = machine();
    host.installK3s();
    host.write("/fake/fails-once", "");
    expect(backend(host, "none")).toMatchObject({ code: 0 });
    expect(host.has("/fake/fails-once")).toBe(false);
    expect(host.has("/fake/lease")).toBe(false);
  });

  it("waits for the lease of another server, and takes over its own and an expired one", () => {
    const host = machine();
    host.installK3s();
    const time = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString().replace("Z", "000Z");
    host.write("/fake/lease", `5 600 ${time(-10)} s2\n`);
    const refused = backend(host, "none");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/waiting for s2, which holds the restart lease for at most 5[89]\d s more/);
    expect(refused.stderr).toContain(
      "cannot take the restart lease kube-system/seldon-k3s-restart within 1 s: held by s2",
    );
    expect(host.calls()).toEqual([]);

    host.write("/fake/lease", `5 600 ${time(-601)} s2\n`);
    expect(backend(host, "none")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("of s2 has expired") as string,
    });
    host.write("/fake/lease", `5 600 ${time(-10)} fixture\n`);
    expect(backend(host, "vxlan")).toMatchObject({ code: 0 });
    expect(host.has("/fake/lease")).toBe(false);
  });

  it("is no-go while its own API is not ready", () => {
    const host = machine();
    host.installK3s();
    host.write("/fake/api-down", "");
    const { code, stderr } = backend(host, "none", "timeout-seconds 1");
    expect(code).toBe(1);
    expect(stderr).toContain("this server's API is not ready");
    expect(host.calls()).toEqual([]);
  });

  it("does not restart for a number of converge", () => {
    const host = machine();
    host.installK3s();
    expect(backend(host, "vxlan", "converge 3")).toMatchObject({ code: 0 });
    expect(backend(host, "vxlan", "converge 4").stderr).toContain("nothing to do");
    expect(host.calls()).toEqual([]);
  });

  it.each([
    ["another configuration file", ["--config=/opt/k3s.yaml"], "K3s reads /opt/k3s.yaml"],
    ["another data folder", ["-d", "/data/k3s"], "K3s keeps its data in /data/k3s"],
  ])("refuses a K3s with %s", (_, flags, text) => {
    const host = machine();
    host.installK3s("k3s", flags);
    const { code, stderr } = backend(host, "none");
    expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
  });

  it("refuses a unit that starts something else", () => {
    const host = machine();
    host.installK3s();
    host.write("/etc/systemd/system/k3s.service", "[Service]\nExecStart=/bin/sh -c 'exec k3s server'\n");
    expect(backend(host, "none").stderr).toContain("cannot understand how k3s.service starts K3s");
  });

  it("refuses a containerd template of somebody's own", () => {
    const host = machine();
    host.installK3s();
    host.write("/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl", "version = 2\n");
    expect(backend(host, "none").stderr).toContain('does not begin with {{ template "base" . }}');
    host.write("/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl", '\n{{ template "base" . }}\nx = 1\n');
    expect(backend(host, "none")).toMatchObject({ code: 0 });
  });

  it("refuses a machine that is no server", () => {
    const { code, stderr } = backend(machine(), "none");
    expect([code, stderr]).toEqual([1, expect.stringContaining("this machine has no k3s.service")]);
  });
});
