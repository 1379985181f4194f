import { CheckContext } from "../../../checks/context";
import { driftChecks } from "../../../checks/drift/drift";
import { judgePrograms } from "../../../checks/drift/upkeep-rows";
import { machineState } from "../../../checks/drift/machine";
import { runChecks } from "../../../checks/engine";
import type { HostFacts } from "../../../checks/hosts/facts";
import { hostPrograms } from "../../../components/machines/programs";
import { declaredHosts } from "../../../config/derive";
import { createHash } from "node:crypto";
import { AGENT_LINES, agentFacts, emptyLines, factsOf, HOST_KEY, machinesOf, serverFacts } from "../support/machines";
import { SwitchCluster } from "../support/switch-cluster";

const CONFIG = "/etc/rancher/k3s/config.yaml";
const CNI = `${CONFIG}.d/90-cni.yaml`;
const POLICY = `${CONFIG}.d/91-policy.yaml`;
const HEADER = "# Written by seldon-k3s from the stack's configuration.\n";
const CONVERGE = "pulumi config set --path seldon-k3s:hosts.converge 1 -s test && pulumi up -s test";
const PROGRAMS = hostPrograms().map(
  ({ name, content }) => `${name} ${createHash("sha256").update(content).digest("hex")}`,
);

const FLANNEL = { cni: { provider: "flannel" } };
const CALICO = { cni: { provider: "calico" } };

/** A machine that went to Calico with this stack. */
const ON_CALICO = {
  "containerd-conf-dir": "default",
  "containerd-bin-dir": "default",
  "cni-file": ["/etc/cni/net.d/10-calico.conflist aa", "/etc/cni/net.d/calico-kubeconfig bb"],
  "cni-plugin": ["calico", "calico-ipam", "loopback", "portmap"].map((name) => `/opt/cni/bin/${name}`),
  link: ["lo", "eth0", "vxlan.calico", "cali123"],
  chain: ["filter cali-FORWARD"],
  "seldon-k3s-program": PROGRAMS,
};
const DROP_INS = {
  [CNI]: `${HEADER}flannel-backend: "none"\n`,
  [POLICY]: `${HEADER}disable-network-policy: true\n`,
};
const server = (more: object = {}, files: Record<string, string> = DROP_INS, changed?: number): HostFacts =>
  serverFacts({ ...ON_CALICO, ...more }, files, changed);
const agent = (more: object = {}, files: Record<string, string> = {}): HostFacts =>
  agentFacts({ ...ON_CALICO, ...more }, files);

describe("drift", () => {
  let cluster: SwitchCluster;
  beforeEach(async () => {
    cluster = await SwitchCluster.start();
    cluster.facts.set("s1", server());
    cluster.facts.set("a1", agent());
  });
  afterEach(() => cluster.api.close());

  const run = (sections: Record<string, object> = CALICO) => runChecks(driftChecks(cluster.context(sections)));
  async function found(id: string, target: string, sections?: Record<string, object>) {
    const result = (await run(sections)).results.find(({ check }) => check.id === id)!;
    const { verdict, actual, fix, note } = result.findings.find((finding) => finding.target === target)!;
    return { verdict, actual, fix, note };
  }

  it("is clean on machines that are as declared", async () => {
    const { totals, exitCode } = await run();
    expect(totals).toMatchObject({ DRIFT: 0, FAIL: 0, ERROR: 0, SKIPPED: 0 });
    expect(exitCode).toBe(0);
  });

  it("is clean on a cluster that was taken over on Flannel, and says what it keeps", async () => {
    cluster.facts.set("s1", serverFacts({ "seldon-k3s-program": PROGRAMS }));
    cluster.facts.set("a1", agentFacts({ "seldon-k3s-program": PROGRAMS }));
    expect((await run(FLANNEL)).exitCode).toBe(0);
    expect((await found("settings-in-force", "s1", FLANNEL)).note).toMatch(/^s1 was taken over and keeps: node-ip/);
  });

  type Case = readonly [
    id: string,
    what: string,
    machine: HostFacts,
    actual: string | RegExp,
    fix: string | RegExp,
    sections?: Record<string, object>,
  ];
  const CASES: readonly Case[] = [
    [
      "k3s-version",
      "another version",
      server({ "k3s-version": "v1.32.5+k3s1" }),
      "v1.32.5+k3s1; declared is v1.33.1+k3s1",
      "pulumi up -s test",
    ],
    [
      "k3s-version",
      "a newer version",
      server({ "k3s-version": "v1.34.1+k3s1" }),
      /^v1\.34\.1/,
      /k3s\.version v1\.34\.1\+k3s1 -s test/,
    ],
    ["k3s-version", "a K3s that does not run", server({ "k3s-active": "no" }), /does not run$/, /journalctl -u k3s/],
    [
      "settings-files",
      "a drop-in changed by hand",
      server({}, { ...DROP_INS, [CNI]: "flannel-backend: vxlan\n" }),
      `${CNI} says flannel-backend: vxlan; declared is flannel-backend: "none"`,
      CONVERGE,
    ],
    [
      "settings-files",
      "our config.yaml changed by hand",
      server({}, { ...DROP_INS, [CONFIG]: `${HEADER}node-ip: 192.0.2.11\n` }),
      /config\.yaml was changed by hand/,
      CONVERGE,
    ],
    [
      "settings-in-force",
      "a unit flag that beats the drop-in",
      server({ "exec-start": ["k3s", "server", "--flannel-backend=vxlan"] }),
      "flannel-backend is vxlan (the unit's flags); declared is none",
      CONVERGE,
    ],
    [
      "settings-in-force",
      "drop-ins that are gone",
      server({}, {}),
      /disable-network-policy is false \(K3s' default\); declared is true/,
      CONVERGE,
    ],
    [
      "settings-in-force",
      "a file that K3s has not read",
      server({}, DROP_INS, 1_763_999_999),
      /90-cni\.yaml was changed after K3s had started/,
      CONVERGE,
    ],
    [
      "cni-files",
      "another CNI in force",
      server({ "containerd-conf-dir": "/var/lib/rancher/k3s/agent/etc/cni/net.d" }),
      "its containerd takes plugins of flannel; declared is calico",
      /who changed flannel-backend/,
    ],
    [
      "cni-files",
      "a plugin that is missing",
      server({ "cni-plugin": ["/opt/cni/bin/calico", "/opt/cni/bin/calico-ipam", "/opt/cni/bin/loopback"] }),
      "missing: /opt/cni/bin/portmap",
      /calico-node/,
    ],
    [
      "cni-files",
      "configuration of somebody else",
      server({ "cni-file": [...ON_CALICO["cni-file"], "/etc/cni/net.d/00-multus.conf cc"] }),
      "not declared: /etc/cni/net.d/00-multus.conf",
      /^rm /,
    ],
    [
      "leftovers",
      "Flannel's rules",
      server({ chain: ["nat FLANNEL-POSTRTG", "filter cali-FORWARD"] }),
      "of flannel and K3s' policy controller: 1 chain (nat FLANNEL-POSTRTG)",
      /run clean/,
    ],
    [
      "leftovers",
      "frozen policies",
      server({ chain: ["filter KUBE-POD-FW-X"], ipset: "KUBE-SRC-Y" }),
      /1 chain \(filter KUBE-POD-FW-X\), 1 ipset \(KUBE-SRC-Y\)/,
      /run clean/,
    ],
    [
      "guard",
      "a guard that stayed",
      server({ guard: "present", "guard-unit": "enabled" }),
      "rule present, unit enabled",
      /systemctl disable --now seldon-k3s-pod-source-guard/,
    ],
    [
      "guard",
      "a guard that is missing",
      server(),
      "rule absent, unit absent",
      CONVERGE,
      { cni: { provider: "calico", leaving: "flannel" } },
    ],
    [
      "guard",
      "a guard that a reboot would lose",
      server({ guard: "present", "guard-unit": "disabled" }),
      "rule present, unit disabled",
      CONVERGE,
      { cni: { provider: "calico", leaving: "flannel" } },
    ],
    [
      "sysctls",
      "a kernel that does not forward",
      server({ sysctl: ["net.ipv4.ip_forward 0"] }),
      "net.ipv4.ip_forward=0: no packet is forwarded to a pod",
      /sysctl -w net\.ipv4\.ip_forward=1/,
    ],
    [
      "certificates",
      "a certificate that ends soon",
      server({ certificate: ["server/tls/client-admin.crt 12", "server/tls/server-ca.crt 3000"] }),
      "server/tls/client-admin.crt has 12 days left, the shortest of 1",
      /systemctl restart k3s/,
    ],
    ["programs", "programs that are not there", server({ "seldon-k3s-program": [] }), "they are not there", CONVERGE],
    [
      "programs",
      "a program of another checkout",
      server({ "seldon-k3s-program": [...PROGRAMS.slice(1), `${PROGRAMS[0]!.split(" ")[0]} 00`] }),
      /^other than in this checkout: /,
      CONVERGE,
    ],
    [
      "contradictions",
      "a value that was changed although it is fixed",
      server({ "exec-start": ["k3s", "server", "--cluster-cidr=10.52.0.0/16"] }),
      /^cluster-cidr is 10\.52/,
      "set network.clusterCidr to 10.52.0.0/16",
    ],
    [
      "unit-override",
      "an override that outlived the way back",
      serverFacts({
        "unit-file": ["/etc/systemd/system/k3s.service aa", "/etc/systemd/system/k3s.service.d/90-seldon-k3s.conf bb"],
      }),
      /still moves flags out of the unit/,
      CONVERGE,
      FLANNEL,
    ],
  ];

  it.each(CASES.map((row) => [row[0], row[1], row] as const))("%s names %s", async (id, _, row) => {
    const [, , machine, actual, fix, sections] = row;
    cluster.facts.set("s1", machine);
    const finding = await found(id, "s1", sections);
    expect(finding.verdict).toBe("DRIFT");
    if (typeof actual === "string") expect(finding.actual).toBe(actual);
    else expect(finding.actual).toMatch(actual);
    if (typeof fix === "string") expect(finding.fix).toBe(fix);
    else expect(finding.fix).toMatch(fix);
  });

  it("finds Calico's traces on a stack that is on Flannel", async () => {
    cluster.facts.set(
      "a1",
      agentFacts({ link: ["eth0", "flannel.1", "vxlan.calico"], route: "blackhole 10.42.128.0/26 proto 80" }),
    );
    expect(await found("leftovers", "a1", FLANNEL)).toMatchObject({
      verdict: "DRIFT",
      actual: "of calico: 1 link (vxlan.calico), 1 route (blackhole 10.42.128.0/26 proto 80)",
    });
  });

  it("names a drop-in that an agent must not have", async () => {
    cluster.facts.set("a1", agent({}, { [CNI]: "flannel-backend: none\n" }));
    expect(await found("settings-files", "a1")).toMatchObject({
      verdict: "DRIFT",
      actual: `${CNI} is there, and an agent must not have it`,
    });
  });

  it("accepts both CNIs while one is being left", async () => {
    const guarded = { guard: "present", "guard-unit": "enabled" };
    cluster.facts.set("s1", server(guarded));
    cluster.facts.set("a1", agentFacts({ ...guarded, "seldon-k3s-program": PROGRAMS }));
    const { results } = await run({ cni: { provider: "calico", leaving: "flannel" } });
    const drifted = results.flatMap(({ findings }) => findings).filter(({ verdict }) => verdict === "DRIFT");
    expect(drifted).toEqual([]);
  });

  it("finds K3s gone", async () => {
    cluster.facts.set("a1", factsOf(emptyLines(AGENT_LINES)));
    expect(await found("k3s-version", "a1")).toMatchObject({ verdict: "DRIFT", actual: "K3s is not installed" });
  });

  it("still judges the others where one machine cannot be read, and drift beats the gap", async () => {
    cluster.facts.delete("a1");
    cluster.facts.set("s1", server({ "k3s-active": "no" }));
    const { totals, exitCode } = await run();
    expect(totals).toMatchObject({ ERROR: 1, DRIFT: 1 });
    expect(exitCode).toBe(7);
    expect(await found("guard", "a1")).toMatchObject({
      verdict: "SKIPPED",
      actual: expect.stringContaining("host-facts") as string,
    });
    cluster.facts.set("s1", server());
    expect((await run()).exitCode).toBe(2);
  });

  it("could not look where the stack declares no machines", async () => {
    const { machines: _, ...subject } = cluster.subject(CALICO);
    const context = new CheckContext(subject);
    const { totals, exitCode } = await runChecks(driftChecks(context));
    expect(totals.PASS).toBe(0);
    expect(exitCode).toBe(2);
  });

  it("skips what the machine could not tell", async () => {
    cluster.facts.set("a1", agent({ certificate: [] }));
    expect(await found("certificates", "a1")).toMatchObject({ verdict: "SKIPPED" });
  });

  it("compares programs by their bytes", () => {
    const machines = machinesOf();
    const state = machineState(
      "test",
      machines,
      declaredHosts(machines)[0]!,
      server({ "seldon-k3s-program": ["run aa"] }),
    );
    const content = "#!/bin/sh\n";
    expect(judgePrograms(state, [{ name: "run", content }]).actual).toBe("other than in this checkout: run");
    expect(judgePrograms(state, [{ name: "lock", content }]).actual).toBe("missing: lock");
    expect(HOST_KEY).toMatch(/^ssh-ed25519 /);
  });
});
