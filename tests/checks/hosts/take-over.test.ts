import type { HostFacts } from "../../../checks/hosts/facts";
import { takeOver } from "../../../checks/hosts/take-over";
import {
  AGENT,
  AGENT_LINES,
  agentFacts,
  emptyLines,
  factsOf,
  HOST_KEY,
  machinesOf,
  SERVER,
  SERVER_LINES,
  serverFacts,
} from "../support/machines";

const CONFIG = "/etc/rancher/k3s/config.yaml";
const PINS = {
  installer: { url: "https://example.com/install.sh", sha256: "a".repeat(64) },
  binary: { amd64: { url: "https://example.com/k3s", sha256: "b".repeat(64) } },
};
const K3S = { version: "v1.33.1+k3s1", datastore: "sqlite", secretsEncryption: false };

interface Situation {
  readonly sections?: Record<string, object>;
  readonly server?: HostFacts;
  readonly agent?: HostFacts;
  readonly others?: Record<string, HostFacts>;
  readonly helpFlags?: Record<string, readonly string[]>;
}

function judge({ sections = {}, server, agent, others = {}, helpFlags = {} }: Situation) {
  const facts = new Map(Object.entries({ s1: server ?? serverFacts(), a1: agent ?? agentFacts(), ...others }));
  const flags = new Map(Object.entries(helpFlags).map(([name, list]) => [name, new Set(list)]));
  return takeOver(machinesOf(sections), facts, { helpFlags: flags });
}

const flags = (...words: readonly string[]) => ({ "exec-start": ["/usr/local/bin/k3s", "server", ...words] });
const agentFlags = (...words: readonly string[]) => ({ "exec-start": ["/usr/local/bin/k3s", "agent", ...words] });

const SECOND = { name: "s2", address: "192.0.2.12", hostKey: HOST_KEY };
const THIRD = { name: "s3", address: "192.0.2.13", hostKey: HOST_KEY };
const HA = {
  hosts: { servers: [SERVER, SECOND, THIRD], agents: [AGENT] },
  k3s: { ...K3S, datastore: "etcd" },
};
const member = (name: string, last: number, words: readonly string[] = []) =>
  serverFacts({
    hostname: name,
    datastore: "etcd",
    interface: [`eth0 1500 UP 192.0.2.${last}/24`],
    ...flags(...words),
  });

describe("take-over", () => {
  it("finds nothing against a cluster that is as declared", () => {
    expect(judge({}).contradictions).toEqual([]);
    expect(judge({ sections: { cni: { provider: "flannel" } } }).contradictions).toEqual([]);
    const ha = { s2: member("s2", 12), s3: member("s3", 13) };
    expect(judge({ sections: HA, server: member("s1", 11), others: ha }).contradictions).toEqual([]);
  });

  it("takes a cluster whose flags stand in the unit, where they say what is declared", () => {
    const server = serverFacts(
      flags("--flannel-backend=vxlan", "--cluster-cidr=10.42.0.0/16", "--write-kubeconfig-mode", "644"),
    );
    expect(judge({ sections: { cni: { provider: "flannel" } }, server }).contradictions).toEqual([]);
    const allowed = { hosts: { servers: [SERVER], agents: [AGENT], backup: { to: "a1" }, moveUnitFlags: true } };
    expect(judge({ sections: allowed, server }).contradictions).toEqual([]);
  });

  it("takes empty machines where K3s is pinned", () => {
    const empty = { server: factsOf(emptyLines(SERVER_LINES)), agent: factsOf(emptyLines(AGENT_LINES)) };
    const pinned = { k3s: { ...K3S, install: PINS }, cni: { provider: "calico" } };
    const found = judge({ sections: pinned, ...empty });
    expect(found.contradictions).toEqual([]);
    expect(found.notes.map(({ text }) => text)).toEqual(Array(2).fill("K3s v1.33.1+k3s1 will be installed"));
  });

  const CASES: readonly [
    name: string,
    situation: Situation,
    host: string,
    what: string | RegExp,
    fix: string | RegExp,
  ][] = [
    [
      "another cluster-cidr",
      { server: serverFacts(flags("--cluster-cidr=10.52.0.0/16")) },
      "s1",
      "cluster-cidr is 10.52.0.0/16 (the unit's flags); declared is 10.42.0.0/16: fixed when the cluster was made",
      "set network.clusterCidr to 10.52.0.0/16",
    ],
    [
      "dual stack",
      { server: serverFacts({}, { [CONFIG]: "service-cidr: 10.43.0.0/16,2001:db8::/108\n" }) },
      "s1",
      `service-cidr is 10.43.0.0/16,2001:db8::/108 (${CONFIG}); declared is 10.43.0.0/16: fixed when the cluster was made`,
      /network.serviceCidr/,
    ],
    [
      "another DNS address by default",
      {
        server: serverFacts(flags("--service-cidr=10.96.0.0/16")),
        sections: { network: { nodeCidrs: ["192.0.2.0/24"], serviceCidr: "10.96.0.0/16", clusterDns: "10.96.0.53" } },
      },
      "s1",
      "cluster-dns is 10.96.0.10 (K3s' default); declared is 10.96.0.53: fixed when the cluster was made",
      "set network.clusterDns to 10.96.0.10",
    ],
    [
      "another cluster domain",
      { server: serverFacts(flags("--cluster-domain", "corp.local")) },
      "s1",
      /^cluster-domain is corp\.local/,
      "set network.clusterDomain to corp.local",
    ],
    [
      "secrets that are not encrypted",
      { sections: { k3s: { ...K3S, secretsEncryption: true } } },
      "s1",
      "secrets-encryption is false (K3s' default); declared is true: fixed when the cluster was made",
      "set k3s.secretsEncryption to false",
    ],
    [
      "another datastore",
      { server: serverFacts({ datastore: "etcd" }) },
      "s1",
      "the datastore is etcd (/var/lib/rancher/k3s/server/db); declared is sqlite: fixed when the cluster was made",
      "set k3s.datastore to etcd",
    ],
    [
      "an external datastore",
      { server: serverFacts({ datastore: "external" }) },
      "s1",
      /outside of the cluster/,
      /not managed/,
    ],
    [
      "another size of podCIDRs",
      { server: serverFacts({}, { [CONFIG]: "kube-controller-manager-arg:\n  - node-cidr-mask-size=25\n" }) },
      "s1",
      `node-cidr-mask-size is 25 (${CONFIG}); declared is 24: fixed when the cluster was made`,
      "set network.nodeCidrMaskSize to 25",
    ],
    [
      "another node name",
      { agent: agentFacts(agentFlags("--node-name=worker")) },
      "a1",
      "its node is called worker (the unit's flags); declared is a1: fixed when the node registered",
      "set hosts.agents[0].name to worker",
    ],
    [
      "another host name",
      { agent: agentFacts({ hostname: "Worker-7" }) },
      "a1",
      /called worker-7 \(its host name\)/,
      /\.name to worker-7$/,
    ],
    [
      "a name with a random part",
      { agent: agentFacts(agentFlags("--with-node-id")) },
      "a1",
      /^with-node-id appends/,
      /with-node-id/,
    ],
    [
      "a template of containerd's",
      { server: serverFacts({ "containerd-template": "yes" }) },
      "s1",
      /template of somebody's own/,
      /remove the template/,
    ],
    [
      "a unit flag that beats the drop-in",
      { server: serverFacts(flags("--flannel-backend=vxlan")) },
      "s1",
      "the unit's --flannel-backend=vxlan beats /etc/rancher/k3s/config.yaml.d/90-cni.yaml, which says none, and nobody allowed to move it",
      /^set hosts\.moveUnitFlags: true/,
    ],
    [
      "a file that is read after the drop-in",
      { server: serverFacts({}, { [`${CONFIG}.d/99-site.yaml`]: "flannel-backend: vxlan\n" }) },
      "s1",
      `flannel-backend: vxlan in ${CONFIG}.d/99-site.yaml, which K3s reads after ${CONFIG}.d/90-cni.yaml (none)`,
      `take flannel-backend out of ${CONFIG}.d/99-site.yaml`,
    ],
    [
      "another backend",
      { server: serverFacts(flags("--flannel-backend=host-gw")) },
      "s1",
      "flannel-backend is host-gw (the unit's flags); allowed: vxlan, none",
      /vxlan first/,
    ],
    [
      "an encrypting backend",
      { server: serverFacts({}, { [CONFIG]: "flannel-backend: wireguard-native\n" }) },
      "s1",
      /^flannel-backend is wireguard-native/,
      /does not encrypt/,
    ],
    [
      "a CNI that nobody leaves",
      { sections: { cni: { provider: "calico" } } },
      "a1",
      "its containerd takes plugins from /var/lib/rancher/k3s/agent/etc/cni/net.d, so it runs flannel; the stack declares calico and does not leave flannel",
      /^set cni\.leaving: flannel/,
    ],
    [
      "Calico where Flannel is declared",
      { sections: { cni: { provider: "flannel" } }, agent: agentFacts({ "containerd-conf-dir": "default" }) },
      "a1",
      /so it runs calico; the stack declares flannel/,
      /^set cni\.leaving: calico/,
    ],
    [
      "egress by podCIDR",
      { server: serverFacts(flags("--egress-selector-mode=pod")) },
      "s1",
      /^egress-selector-mode is pod/,
      /set it to agent/,
    ],
    [
      "an older K3s while a CNI is left",
      { server: serverFacts({ "k3s-version": "v1.32.5+k3s1" }) },
      "s1",
      /not while a CNI is being left/,
      /^finish the change of CNI first/,
    ],
    [
      "an older K3s without pins",
      { sections: { cni: { provider: "flannel" } }, server: serverFacts({ "k3s-version": "v1.32.5+k3s1" }) },
      "s1",
      "K3s is to go from v1.32.5+k3s1 to v1.33.1+k3s1, and the stack pins no K3s for amd64 (k3s.install)",
      /npm run pin/,
    ],
    [
      "a skipped minor",
      { sections: { cni: { provider: "flannel" } }, server: serverFacts({ "k3s-version": "v1.31.9+k3s1" }) },
      "s1",
      /skips a minor version/,
      /one minor version at a time/,
    ],
    [
      "a newer K3s",
      { server: serverFacts({ "k3s-version": "v1.33.1+k3s2" }) },
      "s1",
      /newer than the declared v1\.33\.1\+k3s1/,
      "set k3s.version to v1.33.1+k3s2",
    ],
    [
      "a K3s of somebody's own",
      { server: serverFacts({ "k3s-version": "v1.33.1-dirty" }) },
      "s1",
      /cannot be compared/,
      "install a release of K3s",
    ],
    [
      "a unit without a binary",
      { agent: agentFacts({ "k3s-version": "none" }) },
      "a1",
      /no k3s binary/,
      /install the binary/,
    ],
    [
      "an empty machine without pins",
      { agent: factsOf(emptyLines(AGENT_LINES)) },
      "a1",
      /^K3s is to be installed here, and the stack pins no K3s for amd64/,
      /npm run pin/,
    ],
    [
      "a processor that nobody builds for",
      { agent: agentFacts({ arch: "armv7l" }) },
      "a1",
      /^its processor is armv7l/,
      "use another machine",
    ],
    [
      "another role",
      { agent: agentFacts({ role: "server", "k3s-unit": "k3s" }) },
      "a1",
      "runs K3s as server (unit k3s); declared is agent",
      /^move it to hosts\.servers/,
    ],
    [
      "an address that it has not",
      { agent: agentFacts({ interface: ["eth0 1500 UP 192.0.2.99/24"] }) },
      "a1",
      "the declared address 192.0.2.21 is on none of its interfaces (192.0.2.99; host name a1): another machine may answer here",
      "correct hosts.agents[0].address or hosts.agents[0].sshAddress",
    ],
    [
      "no root",
      { server: serverFacts({ uid: "1000" }) },
      "s1",
      "the look at it ran as user id 1000 and not as root",
      /sudo without a password/,
    ],
    [
      "an unknown setting in a file",
      { server: serverFacts({}, { [CONFIG]: "flanel-backend: none\n" }) },
      "s1",
      `unknown setting flanel-backend in ${CONFIG}: k3s server has no such flag, so it is not in force. Did somebody mean flannel-backend?`,
      `correct or remove flanel-backend in ${CONFIG}`,
    ],
    [
      "an unknown setting beside the machine's own list",
      { server: serverFacts({}, { [CONFIG]: "bogus: 1\n" }), helpFlags: { s1: ["brand-new"] } },
      "s1",
      /^unknown setting bogus/,
      /bogus/,
    ],
    [
      "a server's setting on an agent",
      { agent: agentFacts({}, { [CONFIG]: "flannel-backend: none\n" }) },
      "a1",
      `flannel-backend stands in ${CONFIG}: only servers have this setting, and an agent with it may not become Ready`,
      `take flannel-backend out of ${CONFIG} on this machine`,
    ],
    [
      "a file that is no YAML",
      { server: serverFacts({}, { [CONFIG]: "a: [\n" }) },
      "s1",
      /config\.yaml: not YAML: /,
      /^correct /,
    ],
    [
      "data elsewhere",
      { server: serverFacts(flags("--data-dir=/srv/k3s")) },
      "s1",
      /^data-dir is \/srv\/k3s .*: everything here lies in/,
      /^take data-dir out of/,
    ],
    [
      "settings elsewhere",
      { server: serverFacts({ env: ["K3S_CONFIG_FILE=/etc/k3s.yaml"] }) },
      "s1",
      /^config is \/etc\/k3s\.yaml/,
      /the unit's environment/,
    ],
    [
      "no kube-proxy",
      { server: serverFacts(flags("--disable-kube-proxy")) },
      "s1",
      /^disable-kube-proxy is true/,
      /leave this machine out/,
    ],
    [
      "another runtime",
      { agent: agentFacts(agentFlags("--docker")) },
      "a1",
      /^docker is true/,
      /leave this machine out/,
    ],
    [
      "servers that disagree",
      {
        sections: HA,
        server: member("s1", 11),
        others: { s2: member("s2", 12, ["--disable=servicelb"]), s3: member("s3", 13) },
      },
      "cluster",
      'servers disagree about disable: (not set) on s1, s3; ["servicelb"] on s2',
      /^give every server the same disable/,
    ],
    [
      "servers that disagree about a fixed value",
      {
        sections: HA,
        server: member("s1", 11),
        others: { s2: member("s2", 12), s3: member("s3", 13, ["--cluster-cidr=10.52.0.0/16"]) },
      },
      "cluster",
      'servers disagree about cluster-cidr: "10.42.0.0/16" on s1, s2; "10.52.0.0/16" on s3',
      /cluster-cidr/,
    ],
    [
      "a first server that is empty",
      {
        sections: { ...HA, k3s: { ...HA.k3s, install: PINS } },
        server: factsOf(emptyLines(SERVER_LINES)),
        others: { s2: member("s2", 12), s3: member("s3", 13) },
      },
      "cluster",
      "the first declared server, s1, has no K3s, but s2, s3, a1 have: it would begin a cluster of its own",
      "put a server that runs first in hosts.servers",
    ],
    [
      "one machine behind two names",
      {
        sections: HA,
        server: member("s1", 11),
        others: {
          s2: serverFacts({ hostname: "s1", datastore: "etcd", interface: ["eth0 1500 UP 192.0.2.11/24"] }),
          s3: member("s3", 13),
        },
      },
      "cluster",
      /^s1 and s2 are the same machine/,
      /correct the addresses/,
    ],
  ];

  it.each(CASES)("stops at %s", (_, situation, host, what, fix) => {
    const found = judge(situation).contradictions.filter((one) => one.host === host);
    const match = (expected: string | RegExp, actual: string) =>
      typeof expected === "string" ? expected === actual : expected.test(actual);
    const hit = found.find((one) => match(what, one.what));
    expect(hit ?? found).toMatchObject({ host });
    expect(hit?.fix).toMatch(fix);
  });

  it("knows a flag that only the machine's own K3s knows", () => {
    const server = serverFacts({}, { [CONFIG]: "brand-new: 1\n" });
    expect(judge({ server, helpFlags: { s1: ["brand-new"] } }).contradictions).toEqual([]);
  });

  it("lets servers differ in what the change itself rewrites, for as long as it is under way", () => {
    const half = { s2: member("s2", 12, ["--flannel-backend=none", "--disable-network-policy"]), s3: member("s3", 13) };
    const sections = { ...HA, hosts: { ...HA.hosts, moveUnitFlags: true } };
    expect(judge({ sections, server: member("s1", 11), others: half }).contradictions).toEqual([]);
    const settled = judge({
      sections: { ...sections, cni: { provider: "flannel" } },
      server: member("s1", 11),
      others: half,
    });
    expect(settled.contradictions.map(({ what }) => what)).toEqual([
      'servers disagree about disable-network-policy: "false" on s1, s3; "true" on s2',
      'servers disagree about flannel-backend: "vxlan" on s1, s3; "none" on s2',
    ]);
  });

  it("finds several contradictions at once, on all machines", () => {
    const server = serverFacts({
      ...flags("--cluster-cidr=10.52.0.0/16", "--flannel-backend=vxlan"),
      "containerd-template": "yes",
    });
    const agent = agentFacts({}, { [CONFIG]: "flannel-backend: none\nnode-name: other\n" });
    const found = judge({ server, agent }).contradictions.map(({ host }) => host);
    expect(found.filter((host) => host === "s1")).toHaveLength(3);
    expect(found.filter((host) => host === "a1")).toHaveLength(2);
  });

  it("leaves machines that could not be read out, and version and pins where they are not asked for", () => {
    const facts = new Map([["a1", agentFacts({ "k3s-version": "v1.32.5+k3s1" })]]);
    expect(takeOver(machinesOf(), facts, { installation: false })).toMatchObject({ contradictions: [] });
  });

  it("notes what is declared and not in force, and what is kept", () => {
    const server = serverFacts(
      flags("--node-ip=192.0.2.11", "--kubelet-arg=max-pods=200", "--tls-san=192.0.2.11", "--tls-san=x"),
      {
        [CONFIG]: "token: [secret]\nwrite-kubeconfig-mode: 0600\negress-selector-mode: cluster\n",
      },
    );
    expect(
      judge({ server })
        .notes.filter(({ host }) => host === "s1")
        .map(({ text }) => text),
    ).toEqual([
      "declared and not in force; raise hosts.converge to apply it: egress-selector-mode: agent (in force: cluster)",
      "not declared and kept as it is: kubelet-arg=max-pods=200, token",
    ]);
    const ours = serverFacts(
      {},
      { [CONFIG]: "# Written by seldon-k3s from the stack's configuration.\nnode-ip: 192.0.2.11\n" },
    );
    expect(judge({ server: ours }).notes[0]?.text).toMatch(
      /^declared and not in force; the next up applies it: tls-san/,
    );
  });

  it("tells nobody a secret", () => {
    const server = serverFacts(
      { ...flags("--vpn-auth=[secret]", "--agent-token", "[secret]"), env: ["K3S_TOKEN=[secret]"] },
      {
        [CONFIG]: "etcd-s3-secret-key: [secret]\ndatastore-endpoint: [secret]\n",
      },
    );
    const { contradictions, notes } = judge({ server });
    expect(JSON.stringify([contradictions, notes])).not.toContain("secret]");
  });
});
