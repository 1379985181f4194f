import fc from "fast-check";
import { contains, overlaps } from "../../config/cidr";
import {
  calicoPool,
  calicoRanges,
  declaredCnis,
  declaredHosts,
  flannelRange,
  kubernetesMinor,
  mainPoolHosts,
  podMtu,
} from "../../config/derive";
import { parseConfig } from "../../config/parse";
import { bytesOf, quantityValue } from "../../config/quantity";
import type { StackConfig } from "../../config/schema";
import { suggest } from "../../config/suggest";
import { changed } from "./cases/case";

function configOf(set: Record<string, unknown> = {}): StackConfig {
  const { config, faults } = parseConfig(changed(set), new Set());
  if (config === undefined) throw new Error(JSON.stringify(faults));
  return config;
}

describe("the MTU of pods", () => {
  test.each([
    [{}, 1450],
    [{ "network.hostMtu": 9000 }, 8950],
    [{ "calico.wireguard": true }, 1440],
    [{ "network.podMtu": 1400, "calico.wireguard": true }, 1400],
  ])("with %j is %d", (set, mtu) => {
    expect(podMtu(configOf(set))).toBe(mtu);
  });
});

describe("pools per purpose", () => {
  const set = {
    "calico.pool.cidr": "10.42.192.0/18",
    "calico.pools": [
      { name: "gpu", cidr: "10.42.128.0/20", nodeLabels: { "example.com/pool": "gpu" } },
      { name: "asked", cidr: "10.42.144.0/20", nodeLabels: { "kubernetes.io/hostname": "server-1" }, onRequest: true },
    ],
    "hosts.agents.0.labels": { "example.com/pool": "gpu" },
  };

  test("count among Calico's ranges, the main pool first", () => {
    expect(calicoRanges(configOf(set))).toEqual(["10.42.192.0/18", "10.42.128.0/20", "10.42.144.0/20"]);
    expect(calicoRanges(configOf())).toEqual(["10.42.128.0/17"]);
  });

  test("take their nodes from the main one, unless pods must ask for them", () => {
    const names = mainPoolHosts(configOf(set)).map(({ host }) => host.name);
    expect(names).toEqual(["server-1", "server-2", "server-3", "agent-2"]);
  });
});

describe("address ranges", () => {
  test("Calico takes the upper half, Flannel has the lower", () => {
    expect(calicoPool(configOf())).toBe("10.42.128.0/17");
    expect(flannelRange(configOf())).toBe("10.42.0.0/17");
  });

  test("a configured pool wins", () => {
    expect(calicoPool(configOf({ "calico.pool.cidr": "10.42.192.0/18" }))).toBe("10.42.192.0/18");
  });

  test("pool and Flannel's range share nothing and lie in any cluster CIDR", () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 22 }), fc.integer({ min: 0, max: 255 }), (prefix, second) => {
        const clusterCidr = `10.${Math.floor(second / 16) * 16}.0.0/${prefix}`;
        const base = configOf();
        const config = { ...base, network: { ...base.network, clusterCidr } };
        expect(overlaps(calicoPool(config), flannelRange(config))).toBe(false);
        expect(contains(clusterCidr, calicoPool(config)) && contains(clusterCidr, flannelRange(config))).toBe(true);
      }),
    );
  });
});

test.each([
  ["v1.33.8+k3s1", 33],
  ["v1.32.5+k3s1", 32],
])("Kubernetes minor of %s is %d", (version, minor) => expect(kubernetesMinor(version)).toBe(minor));

test("what is no K3s version has no minor", () => {
  expect(() => kubernetesMinor("stable")).toThrow('"stable" is no K3s version such as v1.33.8+k3s1');
});

test("a CNI that is being left is declared too", () => {
  expect([...declaredCnis(configOf())]).toEqual(["calico"]);
  expect([...declaredCnis(configOf({ "cni.leaving": "flannel" }))]).toEqual(["calico", "flannel"]);
});

test("servers come before agents", () => {
  expect(declaredHosts(configOf()).map(({ host, role, path }) => `${host.name} ${role} ${path}`)).toEqual([
    "server-1 server hosts.servers[0]",
    "server-2 server hosts.servers[1]",
    "server-3 server hosts.servers[2]",
    "agent-1 agent hosts.agents[0]",
    "agent-2 agent hosts.agents[1]",
  ]);
  expect(declaredHosts(configOf({ hosts: undefined }))).toEqual([]);
});

describe("quantities", () => {
  test.each([
    ["1Gi", 1073741824],
    ["1.5Mi", 1572864],
    ["500m", 0.5],
    ["100Ki", 102400],
    ["2", 2],
    ["2G", 2e9],
  ])("%s is %d", (text, value) => expect(quantityValue(text)).toBe(value));

  test.each(["1Pi", "", "Gi", "1 Gi"])("%j is none", (text) => {
    expect(() => quantityValue(text)).toThrow("is no Kubernetes quantity");
  });

  test.each<[string | number | undefined, number | undefined]>([
    ["1Gi", 2 ** 30],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["500M", 5e8],
    ["100Ki", 102_400],
    ["1k", 1000],
    ["1e3", 1000],
    [1024, 1024],
    ["100m", undefined],
    ["Gi", undefined],
    [undefined, undefined],
  ])("%s is %s bytes", (text, bytes) => expect(bytesOf(text)).toBe(bytes));
});

describe("suggestions", () => {
  test.each([
    ["clusterCIDR", "clusterCidr"],
    ["clustrCidr", "clusterCidr"],
    ["nodeCidr", "nodeCidrs"],
    ["mtu", undefined],
    ["completelyElse", undefined],
  ])("%s suggests %s", (word, expected) => {
    expect(suggest(word, ["clusterCidr", "serviceCidr", "nodeCidrs", "podMtu"])).toBe(expected);
  });

  test("the nearest wins", () => expect(suggest("servr", ["serves", "server"])).toBe("server"));
});
