import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAKE, file, type FixtureHost, onMachine, request, type Result } from "./support/host";

const CONFIG = "/etc/rancher/k3s/config.yaml";
const OVERLAY = "/etc/rancher/k3s/config.yaml.d/50-seldon-k3s.yaml";
const REGISTRIES = "/etc/rancher/k3s/registries.yaml";
const OURS = "# Written by seldon-k3s from the stack's configuration.\n";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const binary = (version: string) => readFileSync(join(FAKE, "k3s"), "utf8").replaceAll("v1.33.1+k3s1", version);

interface Wish {
  readonly role?: string;
  readonly version?: string;
  readonly more?: readonly string[];
  readonly config?: string;
}

const k3s = (
  host: FixtureHost,
  { role = "server", version = "v1.33.1+k3s1", more = [], config = "" }: Wish = {},
): Result =>
  host.run(
    "k3s",
    request(
      "host s1",
      `role ${role}`,
      "first yes",
      `version ${version}`,
      "expect-backend none",
      "expect-policy-controller off",
      "poll-seconds 0.05",
      "timeout-seconds 30",
      ...more,
      file(CONFIG, `${OURS}${config}`),
      file("/etc/rancher/k3s/config.yaml.d/90-cni.yaml", '# Written by seldon-k3s.\nflannel-backend: "none"\n'),
      file(OVERLAY, `${OURS}${config}`, "0600", "overlay-file"),
    ),
  );

/** A machine that runs K3s v1.33.1+k3s1. */
function running(host: FixtureHost, flags: readonly string[] = [], unit: "k3s" | "k3s-agent" = "k3s"): FixtureHost {
  host.remove("/fake/bin/k3s");
  host.write("/usr/local/bin/k3s", binary("v1.33.1+k3s1"), 0o755);
  host.installK3s(unit, flags);
  return host;
}

const started = (host: FixtureHost) => host.calls().filter((call) => call.startsWith("started"));
const refused = (result: Result, ...texts: readonly string[]) => {
  expect(result.code).toBe(1);
  for (const text of texts) expect(result.stderr).toContain(text);
};
const PLACES = ["/etc/rancher", "/etc/systemd/system", "/usr/local/bin", "/var/lib/rancher"];

onMachine("k3s on a machine that runs K3s", (machine) => {
  it("takes it over as it is: writes nothing, restarts nothing, notes what differs without secrets", () => {
    const host = machine();
    host.write(CONFIG, "token: MARKTOKEN-theirs\nnode-label:\n  - team=x\n", 0o600);
    running(host, ["--flannel-backend=vxlan", "--disable", "traefik"]);
    const before = host.tree(...PLACES);
    const config =
      'disable:\n  - "traefik"\ntls-san:\n  - "api.example"\ntoken-file: "/etc/rancher/k3s/token"\nsecrets-encryption: false\n';
    const { code, stderr } = k3s(host, {
      config,
      more: ["fixed cluster-cidr 10.42.0.0/16", "fixed node-name fixture"],
    });
    expect(code).toBe(0);
    expect(stderr.split("\n")).toEqual([
      "seldon-k3s: s1: note: tls-san is not set here, the stack says api.example; raise hosts.converge to have it so",
      "seldon-k3s: s1: nothing to do: K3s v1.33.1+k3s1 is here, taken over as it is",
      "",
    ]);
    expect(host.tree(...PLACES)).toBe(before);
    expect(host.calls()).toEqual([]);
  });

  it("refuses values that are fixed at creation, all of them in one list", () => {
    const host = running(machine(), [
      "--cluster-cidr=10.52.0.0/16",
      "--kube-controller-manager-arg=node-cidr-mask-size=25",
    ]);
    host.write("/var/lib/rancher/k3s/server/db/etcd/member/x", "");
    refused(
      k3s(host, {
        more: [
          "fixed cluster-cidr 10.42.0.0/16",
          "fixed service-cidr 10.43.0.0/16",
          "fixed datastore sqlite",
          "fixed node-cidr-mask-size 24",
          "fixed node-name s1",
        ],
      }),
      "cluster-cidr is 10.52.0.0/16, the stack says 10.42.0.0/16",
      "datastore is etcd, the stack says sqlite",
      "node-cidr-mask-size is 25, the stack says 24",
      "node-name is fixture, the stack says s1",
    );
    expect(host.calls()).toEqual([]);
  });

  it.each([
    ["v1.32.9+k3s1", "K3s does not go back"],
    ["v1.35.1+k3s1", "a minor version must not be skipped; nothing was changed. Go to v1.34 first"],
    ["v1.33.8+k3s1", "there is no SHA-256 for it in the request"],
  ])("refuses version %s", (version, text) => {
    const host = running(machine());
    refused(k3s(host, { version }), text);
    expect(host.calls()).toEqual([]);
  });

  it("refuses a machine of the other role", () => {
    refused(k3s(running(machine(), [], "k3s-agent")), "this machine has k3s-agent.service, so it is no server");
  });

  describe("upgrades", () => {
    const NEW = "v1.34.2+k3s1";
    const pins = (bytes = binary(NEW)) => [
      "folder /opt/pinned",
      `binary-sha256-amd64 ${sha256(bytes)}`,
      `binary-sha256-arm64 ${sha256(bytes)}`,
    ];
    const ready = (host: FixtureHost, unit: "k3s" | "k3s-agent" = "k3s") => {
      running(host, [], unit);
      for (const name of ["k3s", "k3s-arm64"]) host.write(`/opt/pinned/${name}`, binary(NEW));
      host.sh("sqlite3 /var/lib/rancher/k3s/server/db/state.db 'create table kine (a)'");
      return host;
    };

    it("with a backup before, the binary in one piece, one restart", () => {
      const host = ready(machine());
      const result = k3s(host, { version: NEW, more: pins() });
      expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining(`done: K3s ${NEW} runs`) as string });
      expect(started(host)).toEqual(["started k3s vxlan"]);
      expect(host.has("/var/lib/seldon-k3s/backups/before-v1.34.2-k3s1.tar")).toBe(true);
      expect(host.has("/var/lib/seldon-k3s/pending")).toBe(false);
      expect(k3s(host, { version: NEW, more: pins() }).stderr).toContain("nothing to do");
      expect(started(host)).toEqual([]);
    });

    it("and puts the old binary back when K3s does not come up with the new one", () => {
      const host = ready(machine());
      host.write("/fake/crash-on-version", NEW);
      refused(k3s(host, { version: NEW, more: pins() }), "The files are as they were");
      expect(host.sh("/usr/local/bin/k3s --version; stat -c %a /usr/local/bin/k3s").stdout).toBe(
        "k3s version v1.33.1+k3s1 (fixture)\n755\n",
      );
      expect(started(host)).toEqual(["started k3s vxlan", "started k3s vxlan"]);
    });

    it("not with other bytes", () => {
      const host = ready(machine());
      refused(k3s(host, { version: NEW, more: pins("other") }), "has not the pinned bytes");
      expect(host.calls()).toEqual([]);
    });

    it("an agent, which waits for an API server that is coming back, so long and no longer", () => {
      const host = ready(machine(), "k3s-agent");
      host.write("/fake/server-version", NEW);
      host.write("/fake/api-down", "");
      const wish = { role: "agent", version: NEW };
      refused(
        k3s(host, { ...wish, more: [...pins(), "join-seconds 0"] }),
        "the API does not answer this agent within 0 s",
        "nothing was changed",
      );
      expect(started(host)).toEqual([]);
      host.sh("(sleep 1; rm /fake/api-down) >/dev/null 2>&1 &");
      expect(k3s(host, { ...wish, more: pins() })).toMatchObject({ code: 0 });
      expect(started(host)).toEqual(["started k3s-agent vxlan"]);
    });

    it("an agent, and puts the old binary back when its kubelet tells the API nothing, or not that it is well", () => {
      const host = ready(machine(), "k3s-agent");
      host.write("/fake/server-version", NEW);
      const upgrade = () => k3s(host, { role: "agent", version: NEW, more: [...pins(), "timeout-seconds 2"] });
      host.write("/fake/silent", "");
      refused(
        upgrade(),
        "its kubelet is not well for the API after 2 s: its last report to the API is of never",
        "as they were",
      );
      host.remove("/fake/silent");
      host.write("/fake/nodes/a1", "Ready=False=container runtime is down\n");
      refused(upgrade(), "its kubelet is not well for the API after 2 s: Ready is False=container runtime is down");
      expect(host.sh("/usr/local/bin/k3s --version").stdout).toContain("v1.33.1+k3s1");
      // Between two CNIs.
      host.write("/fake/nodes/a1", "Ready=False=NetworkReady=false reason:NetworkPluginNotReady\n");
      expect(upgrade()).toMatchObject({ code: 0 });
    });

    it("an agent, but not past its servers", () => {
      const host = ready(machine(), "k3s-agent");
      host.write("/fake/server-version", "v1.33.8+k3s1");
      refused(
        k3s(host, { role: "agent", version: NEW, more: pins() }),
        "the servers run v1.33.8+k3s1, and an agent must not be newer",
      );
      host.write("/fake/server-version", NEW);
      expect(k3s(host, { role: "agent", version: NEW, more: pins() })).toMatchObject({ code: 0 });
      expect(started(host)).toEqual(["started k3s-agent vxlan"]);
    });
  });

  describe("follows the stack where config.yaml is ours", () => {
    const ours = (host: FixtureHost) => {
      host.write(CONFIG, `${OURS}tls-san:\n  - "a.example"\nwrite-kubeconfig-mode: "0600"\n`, 0o600);
      return running(host);
    };

    it("with a restart where a value changes or goes, and without one where only the text does", () => {
      const host = ours(machine());
      expect(
        k3s(host, { config: '# words\ntls-san: ["a.example"]\nwrite-kubeconfig-mode: "0600"\n' }).stderr,
      ).toContain("so K3s was not restarted");
      expect(started(host)).toEqual([]);
      expect(k3s(host, { config: 'tls-san:\n  - "b.example"\n' }).stderr).toContain(
        "K3s must be restarted: tls-san is a.example, wanted is b.example",
      );
      expect(started(host)).toEqual(["started k3s vxlan"]);
      expect(k3s(host, { config: "" }).stderr).toContain("tls-san is b.example, wanted is not set");
      expect(started(host)).toEqual(["started k3s vxlan"]);
      expect(k3s(host, { config: "" }).stderr).toContain("nothing to do");
      expect(host.has("/etc/rancher/k3s/config.yaml.d/90-cni.yaml")).toBe(false);
    });

    it("registries.yaml too, unless somebody else has changed it", () => {
      const host = ours(machine());
      const config = 'tls-san:\n  - "a.example"\nwrite-kubeconfig-mode: "0600"\n';
      const registries = (text: string) => k3s(host, { config, more: [file(REGISTRIES, `mirrors: {${text}: {}}\n`)] });
      expect(registries("one").stderr).toContain(`${REGISTRIES} differs`);
      expect(registries("two")).toMatchObject({ code: 0 });
      expect(started(host)).toHaveLength(2);
      expect(registries("two").stderr).toContain("nothing to do");
      host.write(REGISTRIES, "mirrors: {theirs: {}}\n", 0o600);
      expect(registries("three").stderr).toContain("somebody else's");
      expect(host.read(REGISTRIES)).toBe("mirrors: {theirs: {}}\n");
    });
  });

  it("writes the overlay once converge is raised, without what matters for joining only", () => {
    const host = machine();
    host.write(CONFIG, 'tls-san: "theirs.example"\n', 0o600);
    running(host);
    const config =
      'cluster-init: true\ntls-san:\n  - "a.example"\n  - "b.example"\ntoken-file: "/etc/rancher/k3s/token"\n';
    const converge = (number: number) => k3s(host, { config, more: [`converge ${number}`] });
    expect(converge(1).stderr).toContain("note: tls-san is theirs.example");
    expect(host.has(OVERLAY)).toBe(false);
    expect(converge(2)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("tls-san is theirs.example, wanted is a.example,b.example") as string,
    });
    expect(host.read(OVERLAY)).toBe(`${OURS}tls-san:\n  - "a.example"\n  - "b.example"\n`);
    expect(host.read(CONFIG)).toBe('tls-san: "theirs.example"\n');
    expect(started(host)).toEqual(["started k3s vxlan"]);
    expect(converge(2).stderr).toContain("nothing to do");
  });
});
