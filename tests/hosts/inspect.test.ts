import { file, type FixtureHost, HOSTS, onMachine, request } from "./support/host";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Runs `inspect` as it is run before anything is installed: by a shell, from its standard input. */
const inspect = (host: FixtureHost, shell = "sh") => {
  const { code, stdout, stderr } = host.exec(shell.split(" "), readFileSync(join(HOSTS, "inspect"), "utf8"));
  if (code !== 0 || stderr !== "") throw new Error(`exit ${code}: ${stderr}`);
  return stdout.split("\n").slice(0, -1);
};
const values = (lines: readonly string[], key: string) =>
  lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));

/** Places that a secret may stand in; each has a mark of its own. */
const SECRETS: Record<string, string> = {
  "/etc/rancher/k3s/config.yaml": `# token: MARK-comment
token: "MARK-token"
agent-token: |
  MARK-block
  MARK-block-2
"etcd-s3-access-key": MARK-s3
etcd-s3-secret-key:
  MARK-next-line
datastore-endpoint: 'postgres://user:MARK-url@db:5432/k3s'
vpn-auth: "name=tailscale,joinKey=MARK-vpn"
kube-apiserver-arg:
  - "some-secret-key=MARK-arg"
  - "v=2"
server: https://admin:MARK-login@192.0.2.11:6443
token-file: /etc/rancher/k3s/token
etcd-s3-config-secret: shown
`,
  "/etc/rancher/k3s/config.yaml.d/10-team.yaml": "token: K10abc::server:MARK-k10\n",
  "/etc/rancher/k3s/registries.yaml": `configs:
  registry.example:
    auth:
      username: MARK-user
      password: MARK-password
    tls: { key_file: /etc/key }
  flow.example: { auth: { username: x, password: "MARK,flow" }, tls: {} }
  json: {"auth": {"token": "MARK-json"}}
`,
  "/etc/systemd/system/k3s.service.env":
    "K3S_TOKEN='MARK-env'\nHTTPS_PROXY=http://u:MARK-proxy@proxy:3128\nK3S_URL=https://x\nAWS_SECRET_ACCESS_KEY=MARK-aws\n",
  "/etc/rancher/k3s/token": "MARK-file\n",
};
const FLAGS = [
  "--token=MARK-flag",
  "--agent-token",
  "MARK-word",
  "-t",
  "MARK-short",
  "--etcd-s3-secret-key=MARK-flag-s3",
  "--datastore-endpoint=mysql://u:MARK-dsn@tcp(h)/k",
  "--node-label=token=MARK-label",
  "--tls-san=a b",
];

onMachine("inspect", (machine) => {
  it.each(["sh", "busybox sh"])(
    "tells what a running server is, without a secret, and changes nothing: %s",
    (shell) => {
      const host = machine();
      for (const [path, text] of Object.entries(SECRETS)) host.write(path, text, 0o600);
      host.installK3s("k3s", FLAGS);
      const places = [
        "/etc/rancher",
        "/etc/systemd",
        "/var/lib/rancher",
        "/usr/local/bin",
        "/run",
        "/var/lib/seldon-k3s",
      ];
      const before = host.tree(...places);
      const lines = inspect(host, shell);
      expect(lines.filter((line) => line.includes("MARK"))).toEqual([]);
      expect(host.tree(...places)).toBe(before);
      expect(host.calls()).toEqual([]);

      expect(
        Object.fromEntries(
          [
            "protocol",
            "hostname",
            "uid",
            "sudo",
            "k3s-version",
            "k3s-unit",
            "k3s-active",
            "role",
            "datastore",
            "containerd-conf-dir",
            "containerd-template",
            "default-route",
            "guard",
            "guard-unit",
          ].map((key) => [key, values(lines, key)]),
        ),
      ).toEqual({
        protocol: ["1"],
        hostname: ["fixture"],
        uid: ["0"],
        sudo: ["yes"],
        "k3s-version": ["v1.33.1+k3s1"],
        "k3s-unit": ["k3s"],
        "k3s-active": ["yes"],
        role: ["server"],
        datastore: ["external"],
        "containerd-conf-dir": ["/var/lib/rancher/k3s/agent/etc/cni/net.d"],
        "containerd-template": ["no"],
        "default-route": ["no"],
        guard: ["absent"],
        "guard-unit": ["absent"],
      });
      expect(values(lines, "exec-start")).toEqual([
        "/usr/local/bin/k3s",
        "server",
        "--token=[secret]",
        "--agent-token",
        "[secret]",
        "-t",
        "[secret]",
        "--etcd-s3-secret-key=[secret]",
        "--datastore-endpoint=[secret]",
        "--node-label=token=[secret]",
        "--tls-san=a b",
      ]);
      expect(values(lines, "env")).toEqual([
        "K3S_TOKEN=[secret]",
        "HTTPS_PROXY=http://[secret]@proxy:3128",
        "K3S_URL=https://x",
        "AWS_SECRET_ACCESS_KEY=[secret]",
      ]);
      expect(lines).toContain("| etcd-s3-config-secret: shown");
      expect(lines).toContain("| token-file: /etc/rancher/k3s/token");
      expect(lines).toContain('|   - "v=2"');
      expect(lines).toContain("file 0600 /etc/rancher/k3s/registries.yaml");
      expect(Number(values(lines, "k3s-started")[0])).toBeCloseTo(Number(values(lines, "epoch")[0]), -2);
      expect(values(lines, "disk").map((line) => line.replace(/ \d+ \d+$/, ""))).toEqual([
        "/",
        "/var/lib/rancher",
        "/usr/local/bin",
        "/etc",
      ]);
      expect(values(lines, "seldon-k3s-program").map((line) => line.split(" ")[0])).toContain("settings");
    },
  );

  it("tells the effective command and what CNIs have left", () => {
    const host = machine();
    host.installK3s("k3s-agent", ["--node-ip=192.0.2.21"]);
    host.write(
      "/etc/systemd/system/k3s-agent.service.d/10-x.conf",
      "[Service]\nExecStart=\nExecStart=/usr/local/bin/k3s agent\n",
    );
    host.sh(`
      ip link add d0 type veth peer name d1; ip link set d0 mtu 1450; ip addr add 192.0.2.21/24 dev d0; ip link set d0 up; ip link set d1 up; ip route add default dev d0
      ip route add blackhole 10.42.128.0/26 proto 80
      iptables-nft -t nat -N FLANNEL-POSTRTG; iptables-legacy -N KUBE-ROUTER-INPUT; iptables-nft -N MINE
      ipset create cali40x hash:ip
      mkdir -p /etc/cni/net.d /opt/cni/bin; echo '{}' >/etc/cni/net.d/10-calico.conflist; touch /opt/cni/bin/calico`);
    const lines = inspect(host);
    expect(values(lines, "exec-start")).toEqual(["/usr/local/bin/k3s", "agent"]);
    expect(values(lines, "unit-file").map((line) => line.split(" ")[0])).toEqual([
      "/etc/systemd/system/k3s-agent.service",
      "/etc/systemd/system/k3s-agent.service.d/10-x.conf",
    ]);
    expect(values(lines, "role")).toEqual(["agent"]);
    expect(values(lines, "chain").sort()).toEqual(["filter KUBE-ROUTER-INPUT", "nat FLANNEL-POSTRTG"]);
    expect(values(lines, "ipset")).toEqual(["cali40x"]);
    expect(values(lines, "route")).toEqual(["blackhole 10.42.128.0/26 proto 80"]);
    expect(values(lines, "default-route")).toEqual(["yes"]);
    expect(values(lines, "interface")).toContain("d0 1450 UP 192.0.2.21/24");
    expect(values(lines, "link")).toEqual(expect.arrayContaining(["lo", "d0"]));
    expect(values(lines, "cni-plugin")).toEqual(["/opt/cni/bin/calico"]);
    expect(values(lines, "cni-file")[0]).toMatch(/^\/etc\/cni\/net.d\/10-calico.conflist [0-9a-f]{64}$/);
  });

  it("tells an empty machine", () => {
    const host = machine();
    host.remove("/fake/bin/k3s");
    const lines = inspect(host);
    expect(
      ["k3s-version", "k3s-unit", "k3s-active", "k3s-started", "role", "datastore"].map((key) => values(lines, key)[0]),
    ).toEqual(["none", "none", "no", "none", "none", "none"]);
  });
});

onMachine("secrets", (machine) => {
  it("stand in no command line and no output while programs run, and in no file but their own", () => {
    const host = machine();
    host.remove("/fake/bin/k3s");
    const watch = host.spawn([
      "sh",
      "-c",
      "while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep 'MARK[S]ECRET' | grep -v 'MARK[[]S' >>/fake/seen; sleep 0.01; done",
    ]);
    const run = host.exec(
      ["/usr/local/lib/seldon-k3s/run", "token"],
      request("host s1", "secret-file 0600 /etc/rancher/k3s/token\n| MARKSECRET-1"),
    );
    expect(run).toMatchObject({ code: 0 });
    const cut = host.exec(
      ["/usr/local/lib/seldon-k3s/run", "token"],
      "secret-file 0600 /etc/rancher/k3s/token\n| MARKSECRET-1\n",
    );
    expect(cut).toMatchObject({ code: 2 });
    const config = host.run(
      "settings",
      request("role server", file("/etc/rancher/k3s/config.yaml.d/x.yaml", "token: MARKSECRET-1\n")),
    );
    watch.kill();
    expect([run, cut, config].map(({ stdout, stderr }) => stdout + stderr).join("")).not.toContain("MARKSECRET");
    expect(host.has("/fake/seen") ? host.read("/fake/seen") : "").toBe("");
    expect(host.sh("grep -rl 'MARK[S]ECRET' /run /etc /var/lib/seldon-k3s /tmp").stdout).toBe(
      "/etc/rancher/k3s/token\n",
    );
  });

  it("names files of the CIS profile that are ours, and the kernel's values", () => {
    const host = machine();
    host.write("/etc/sysctl.d/90-kubelet.conf", "# Written by seldon-k3s for k3s.hardening: cis.\nkernel.panic = 10\n");
    host.write("/etc/rancher/k3s/admission.yaml", "kind: AdmissionConfiguration\n");
    const lines = inspect(host);
    expect(values(lines, "hardening-file").map((line) => line.split(" ")[0])).toEqual([
      "/etc/sysctl.d/90-kubelet.conf",
    ]);
    const kernel = values(lines, "sysctl").map((line) => line.split(" ")[0]);
    expect(kernel).toEqual(
      expect.arrayContaining(["kernel.panic_on_oops", "vm.panic_on_oom", "kernel.keys.root_maxkeys"]),
    );
  });
});
