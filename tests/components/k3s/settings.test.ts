import fc from "fast-check";
import { load } from "js-yaml";
import {
  agentSettings,
  renderSettings,
  serverSettings,
  tlsSans,
  type Settings,
} from "../../../components/k3s/settings";
import { HOSTS, networkStack } from "../../support/network-stack";

function inputOf(sections: Record<string, unknown> = {}, hasToken = true) {
  const { cluster, k3s, network, hosts } = networkStack({ hosts: HOSTS, ...sections });
  if (hosts === undefined) throw new Error("the fixture has hosts");
  return { cluster, k3s, network, hosts, hasToken };
}

const settingsOf = (role: "servers" | "agents", index: number, input = inputOf()): Settings => {
  const host = input.hosts[role][index];
  if (host === undefined) throw new Error("no such host");
  return role === "servers" ? serverSettings(host, input) : agentSettings(host, input);
};

describe("serverSettings", () => {
  it("makes the first server start the cluster", () => {
    expect(settingsOf("servers", 0)).toEqual({
      "cluster-cidr": "10.42.0.0/16",
      "cluster-dns": "10.43.0.10",
      "cluster-domain": "cluster.local",
      "cluster-init": true,
      "egress-selector-mode": "agent",
      "etcd-snapshot-compress": true,
      "etcd-snapshot-retention": 28,
      "etcd-snapshot-schedule-cron": "0 */6 * * *",
      "kube-controller-manager-arg": ["node-cidr-mask-size=24"],
      "node-ip": "192.0.2.11",
      "node-label": ["rack=r1", "zone=a"],
      "node-name": "server-1",
      "secrets-encryption": true,
      "service-cidr": "10.43.0.0/16",
      "tls-san": ["k3s.example.com"],
      "token-file": "/etc/rancher/k3s/token",
      "write-kubeconfig-mode": "0600",
    });
  });

  it.each([1, 2])("makes server %i join the first", (index) => {
    const settings = settingsOf("servers", index);
    expect(settings).toMatchObject({ server: "https://192.0.2.11:6443" });
    expect(settings).not.toHaveProperty("cluster-init");
  });

  it("gives a SQLite server neither membership nor snapshots", () => {
    const settings = settingsOf("servers", 0, inputOf({ k3s: { datastore: "sqlite" } }));
    const absent = Object.keys(settings).filter((key) => /^(etcd-|cluster-init$|server$)/.test(key));
    expect(absent).toEqual([]);
    expect(settings).toMatchObject({ "secrets-encryption": true });
  });

  it("runs kube-proxy as Calico's data plane wants it: of every node, or of none", () => {
    const nftables = inputOf({ k3s: { kubeProxy: "nftables" } });
    const argument = { "kube-proxy-arg": ["proxy-mode=nftables"] };
    expect(settingsOf("servers", 0, nftables)).toMatchObject(argument);
    expect(settingsOf("agents", 0, nftables)).toMatchObject(argument);
    const disabled = inputOf({ k3s: { kubeProxy: "disabled" } });
    expect(settingsOf("servers", 0, disabled)).toMatchObject({ "disable-kube-proxy": true });
    // An agent's file with a server's setting would keep it from becoming Ready.
    expect(settingsOf("agents", 0, disabled)).not.toHaveProperty("disable-kube-proxy");
    for (const key of ["kube-proxy-arg", "disable-kube-proxy"])
      expect(settingsOf("servers", 0)).not.toHaveProperty(key);
  });

  it("leaves out what the configuration leaves out", () => {
    const settings = settingsOf("servers", 2, inputOf({}, false));
    for (const key of ["node-label", "node-taint", "disable", "token-file"]) expect(settings).not.toHaveProperty(key);
  });

  it("follows the configuration", () => {
    const input = inputOf({
      cluster: { tlsSans: ["192.0.2.10", "k3s.example.com", "api.example.com"] },
      k3s: {
        secretsEncryption: false,
        egressSelectorMode: "cluster",
        disable: ["traefik", "servicelb"],
        etcdSnapshots: { schedule: "5 1 * * *", retention: 3, compress: false },
      },
      network: {
        clusterCidr: "10.64.0.0/12",
        serviceCidr: "10.96.0.0/16",
        clusterDns: "10.96.0.10",
        clusterDomain: "models.example",
        nodeCidrMaskSize: 23,
      },
    });
    expect(settingsOf("servers", 1, input)).toMatchObject({
      "cluster-cidr": "10.64.0.0/12",
      "cluster-dns": "10.96.0.10",
      "cluster-domain": "models.example",
      disable: ["servicelb", "traefik"],
      "egress-selector-mode": "cluster",
      "etcd-snapshot-compress": false,
      "etcd-snapshot-retention": 3,
      "etcd-snapshot-schedule-cron": "5 1 * * *",
      "kube-controller-manager-arg": ["node-cidr-mask-size=23"],
      "node-taint": ["dedicated=control:NoSchedule"],
      "secrets-encryption": false,
      "service-cidr": "10.96.0.0/16",
    });
    expect(tlsSans(input.cluster)).toEqual(["192.0.2.10", "api.example.com", "k3s.example.com"]);
  });

  it("keeps the CNI's settings and the token's value out of config.yaml", () => {
    const keys = Object.keys(settingsOf("servers", 0));
    for (const key of ["flannel-backend", "disable-network-policy", "token", "agent-token"])
      expect(keys).not.toContain(key);
  });
});

describe("agentSettings", () => {
  it("holds the node and the server to join, and no server's key", () => {
    expect(settingsOf("agents", 0)).toEqual({
      "node-ip": "192.0.2.21",
      "node-label": ["role=models"],
      "node-name": "agent-1",
      server: "https://192.0.2.11:6443",
      "token-file": "/etc/rancher/k3s/token",
    });
  });
});

describe("renderSettings", () => {
  it("sorts keys and quotes strings", () => {
    expect(renderSettings({ b: "0600", a: true, c: ["x=1", "on"], d: 3 })).toBe(
      [
        "# Written by seldon-k3s from the stack's configuration.",
        "a: true",
        'b: "0600"',
        "c:",
        '  - "x=1"',
        '  - "on"',
        "d: 3",
        "",
      ].join("\n"),
    );
  });

  it("is read back as what it was, whatever the strings and the order of the keys", () => {
    const key = fc.stringMatching(/^[a-z][a-z-]{0,20}$/);
    const value = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.array(fc.string(), { minLength: 1 }));
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true, minKeys: 1 }), (settings) => {
        const text = renderSettings(settings);
        expect(load(text)).toEqual(settings);
        expect(renderSettings(Object.fromEntries(Object.entries(settings).reverse()))).toBe(text);
      }),
    );
  });
});
