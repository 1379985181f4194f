import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAKE, file, type FixtureHost, onMachine, request, type Result } from "./support/host";

const CONFIG = "/etc/rancher/k3s/config.yaml";
const TOKEN = "/etc/rancher/k3s/token";
const MARK = "MARKTOKEN-of-the-stack";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const INSTALLER = readFileSync(join(FAKE, "install.sh"), "utf8");
const BINARY = readFileSync(join(FAKE, "k3s"), "utf8");

interface Wish {
  readonly role?: string;
  readonly first?: string;
  readonly more?: readonly string[];
  readonly config?: string;
}

/** Request for an empty machine, with right pins, from the folder /opt/pinned. */
const k3s = ({ role = "server", first = "yes", more = [], config = 'node-ip: "192.0.2.11"\n' }: Wish = {}): string =>
  request(
    "host s1",
    `role ${role}`,
    `first ${first}`,
    "version v1.33.1+k3s1",
    "converge 0",
    "folder /opt/pinned",
    `installer-sha256 ${sha256(INSTALLER)}`,
    `binary-sha256-amd64 ${sha256(BINARY)}`,
    `binary-sha256-arm64 ${sha256(BINARY)}`,
    "poll-seconds 0.05",
    "timeout-seconds 30",
    "join-seconds 0",
    "min-free-mib 1",
    "min-free-bin-mib 1",
    ...more,
    file(CONFIG, `# Written by seldon-k3s from the stack's configuration.\n${config}`),
    file("/etc/rancher/k3s/config.yaml.d/90-cni.yaml", '# Written by seldon-k3s.\nflannel-backend: "none"\n'),
    file("/etc/rancher/k3s/config.yaml.d/50-seldon-k3s.yaml", "# Written by seldon-k3s.\n", "0600", "overlay-file"),
  );

/** A machine without K3s, with the files to install it from. */
function empty(host: FixtureHost): FixtureHost {
  host.remove("/fake/bin/k3s");
  for (const name of ["k3s", "k3s-arm64"]) host.write(`/opt/pinned/${name}`, BINARY);
  host.write("/opt/pinned/install.sh", INSTALLER);
  host.sh(
    "ip link add d0 type veth peer name d1; ip addr add 192.0.2.11/24 dev d0; ip link set d0 up; ip link set d1 up; ip route add default dev d0",
  );
  return host;
}

/** Where an installation leaves something. */
const PLACES = ["/etc/rancher", "/etc/systemd/system", "/usr/local/bin", "/var/lib/rancher", "/var/lib/seldon-k3s"];
const refused = (result: Result, text: string) => {
  expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining(text) as string });
};

onMachine("k3s on an empty machine", (machine) => {
  it("installs, enables, starts and waits; then finds nothing to do", () => {
    const host = empty(machine());
    const result = host.run("k3s", k3s());
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining("done: K3s v1.33.1+k3s1 runs") as string });
    expect(host.calls()).toEqual([
      "installer SKIP_DOWNLOAD=true SKIP_START=true EXEC=server",
      "systemctl enable k3s.service",
      "systemctl start --no-block k3s.service",
      "started k3s none",
    ]);
    expect(host.sh(`stat -c %a /usr/local/bin/k3s ${CONFIG}`).stdout).toBe("755\n600\n");
    expect(host.has("/etc/rancher/k3s/config.yaml.d/50-seldon-k3s.yaml")).toBe(false);
    expect(host.has("/var/lib/seldon-k3s/staging")).toBe(false);
    expect(host.has("/var/lib/seldon-k3s/installing")).toBe(false);

    expect(host.run("k3s", k3s())).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("nothing to do") as string,
    });
    expect(host.calls()).toEqual([]);
  });

  it("asks the new server by its own settings whether it is up", () => {
    const host = empty(machine());
    const result = host.run("k3s", k3s({ config: 'write-kubeconfig: "/etc/rancher/k3s/admin.yaml"\n' }));
    expect(result.code).toBe(0);
    expect(result.stderr).not.toMatch(/cannot open|No such file/);
    expect(host.read("/fake/calls")).toContain("kubectl --kubeconfig /etc/rancher/k3s/admin.yaml");
    expect(host.read("/fake/calls")).not.toContain("/etc/rancher/k3s/k3s.yaml");
  });

  it.each([
    ["the binary", "binary-sha256-amd64", "k3s has not the pinned bytes"],
    ["the installer", "installer-sha256", "install.sh has not the pinned bytes"],
  ])("leaves the machine as it was when %s has other bytes", (_, key, text) => {
    const host = empty(machine());
    const before = host.tree(...PLACES);
    const wrong = key.startsWith("binary")
      ? [`${key} ${"0".repeat(64)}`, `binary-sha256-arm64 ${"0".repeat(64)}`]
      : [`${key} ${"0".repeat(64)}`];
    refused(host.run("k3s", k3s({ more: wrong })), text);
    expect(host.calls()).toEqual([]);
    expect(host.tree(...PLACES)).toBe(before);
  });

  it("installs nothing unpinned", () => {
    const host = empty(machine());
    refused(host.run("k3s", k3s({ more: ["installer-sha256 "] })), "nothing unpinned is used; run npm run pin");
  });

  it("refuses a binary of another version, and takes away what it placed", () => {
    const host = empty(machine());
    const before = host.tree(...PLACES);
    refused(
      host.run("k3s", k3s({ more: ["version v1.33.2+k3s1"] })),
      "the pinned binary says that it is v1.33.1+k3s1, wanted is v1.33.2+k3s1",
    );
    expect(host.tree(...PLACES)).toBe(before);
  });

  it.each([
    ["for the download", "/var/lib/seldon-k3s"],
    ["for the binary", "/usr/local/bin"],
    ["for the configuration", "/etc/rancher"],
  ])("takes away what it placed when the disk is full %s", (_, folder) => {
    const host = empty(machine());
    host.write("/opt/pinned/k3s", `${BINARY}#${"x".repeat(200_000)}\n`);
    const pin = sha256(host.read("/opt/pinned/k3s"));
    const small = folder === "/etc/rancher" ? "4k" : "100k";
    host.sh(`mkdir -p ${folder}`);
    const before = host.tree(...PLACES);
    host.sh(
      ` cp -a ${folder} /tmp/keep; mount -t tmpfs -o size=${small},mode=755 tmpfs ${folder}; cp -a /tmp/keep/. ${folder}/`,
    );
    const result = host.run(
      "k3s",
      k3s({ more: ["min-free-mib 0", "min-free-bin-mib 0", "min-free-etc-mib 0", `binary-sha256-amd64 ${pin}`] }),
    );
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/cannot (copy|write)/);
    host.sh(`umount ${folder}`);
    expect(host.tree(...PLACES)).toBe(before);
    expect(host.calls().filter((call) => call.startsWith("started"))).toEqual([]);
  });

  it("takes everything away again when K3s does not come up, the token excepted", () => {
    const host = empty(machine());
    host.run("token", request(file(TOKEN, `${MARK}\n`, "0600", "secret-file")));
    const before = host.tree(...PLACES);
    host.write("/fake/crash-on", "none");
    refused(host.run("k3s", k3s({ config: `token-file: "${TOKEN}"\n` })), "What was placed has been taken away");
    expect(host.tree(...PLACES)).toBe(before);
    expect(host.sh(`stat -c %a ${TOKEN}`).stdout).toBe("600\n");
  });

  it.each([
    ["without a default route", "ip route del default", "has no default route"],
    ["with data of an earlier K3s", "mkdir -p /var/lib/rancher/k3s/server/db", "holds data of an earlier K3s"],
    ["with a config.yaml of somebody else", `echo 'tls-san: x' >${CONFIG}`, "was written by somebody else"],
    ["with a kubelet", "mkdir -p /var/lib/kubelet/pods", "/var/lib/kubelet holds data"],
    ["with half a K3s", "cp /opt/pinned/k3s /usr/local/bin/k3s; chmod 755 /usr/local/bin/k3s", "half a K3s"],
  ])("is no-go on a machine %s", (_, script, text) => {
    const host = empty(machine());
    host.sh(script);
    const before = host.tree(...PLACES);
    refused(host.run("k3s", k3s()), text);
    expect(host.tree(...PLACES)).toBe(before);
    expect(host.calls()).toEqual([]);
  });

  it("does not join without a token, nor a server that does not answer", () => {
    const host = empty(machine());
    const config = 'server: "https://192.0.2.99:6443"\n';
    refused(host.run("k3s", k3s({ first: "no", config })), "pulumi config set --secret k3sToken");
    host.write("/fake/bin/curl", "#!/bin/sh\nexit 7\n", 0o755);
    const withToken = `${config}token-file: "${TOKEN}"\n`;
    refused(host.run("k3s", k3s({ first: "no", config: withToken })), `the token's file ${TOKEN} is not there`);
    host.write(TOKEN, `${MARK}\n`, 0o600);
    refused(
      host.run("k3s", k3s({ first: "no", config: withToken })),
      "the server https://192.0.2.99:6443 does not answer from here",
    );
    host.write("/fake/bin/curl", "#!/bin/sh\n", 0o755);
    host.write("/fake/server-backend", "none");
    expect(
      host.run(
        "k3s",
        k3s({
          role: "agent",
          first: "no",
          config: withToken,
          more: ["expect-backend none", "expect-policy-controller off"],
        }),
      ),
    ).toMatchObject({ code: 0 });
    expect(host.calls()).toContain("started k3s-agent none");
    expect(host.read("/var/lib/seldon-k3s/policy-controller")).toBe("off\n");
  });

  it("downloads where there is no folder, and shows no password of the mirror", () => {
    const host = empty(machine());
    host.write(
      "/fake/bin/curl",
      `#!/bin/sh
echo "curl $*" >>/fake/calls
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then to=$2; fi; shift; done
url=$(sed -n -e 's/^url = "\\(.*\\)"$/\\1/p')
cp "/opt/pinned/\${url##*/}" "$to"
`,
      0o755,
    );
    const mirror = "https://user:MARKPASSWORD@mirror.example";
    const result = host.run(
      "k3s",
      k3s({
        more: [
          "folder ",
          `installer-url ${mirror}/install.sh`,
          `binary-url-amd64 ${mirror}/k3s`,
          `binary-url-arm64 ${mirror}/k3s-arm64`,
        ],
      }),
    );
    expect(result).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("downloading https://[secret]@mirror.example/k3s") as string,
    });
    expect(host.calls().filter((call) => call.startsWith("curl"))).toHaveLength(2);
    expect(result.stderr + host.read("/fake/calls")).not.toContain("MARKPASSWORD");
  });

  it("goes on with an installation that was interrupted, and leaves data alone once K3s was started", () => {
    const host = empty(machine());
    host.write("/fake/fuse", "installer");
    expect(host.run("k3s", k3s()).code).not.toBe(0);
    expect(host.has("/var/lib/seldon-k3s/installing")).toBe(true);
    host.remove("/fake/fuse");
    host.write("/fake/crash-on", "none");
    host.write("/var/lib/seldon-k3s/installing/started", "");
    refused(host.run("k3s", k3s()), "its data was left alone");
    expect(host.has("/usr/local/bin/k3s")).toBe(true);
    host.remove("/fake/crash-on");
    const result = host.run("k3s", k3s());
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining("completing the installation") as string });
  });
});
