import fc from "fast-check";
import { ipPools } from "../../../components/calico/pools";
import { contains, overlaps, sizeOf } from "../../../config/cidr";
import { networkStack } from "../../support/network-stack";

const OWN = {
  name: "default-ipv4-ippool",
  cidr: "10.42.128.0/17",
  blockSize: 26,
  encapsulation: "VXLAN",
  natOutgoing: "Enabled",
  nodeSelector: "all()",
};
const FLANNEL = { ...OWN, name: "flannel-range", cidr: "10.42.0.0/17", disableNewAllocations: true };

describe("pools per purpose", () => {
  const GPU = { name: "gpu", cidr: "10.42.128.0/20", nodeLabels: { "example.com/pool": "gpu", zone: "a" } };
  const poolsOf = (pools: readonly object[], cni: object = {}) =>
    ipPools(networkStack({ calico: { pool: { cidr: "10.42.192.0/18" }, pools }, cni: { provider: "calico", ...cni } }));

  it("serves its nodes alone, and they leave the main pool", () => {
    const selector = "example.com/pool == 'gpu' && zone == 'a'";
    expect(poolsOf([GPU, { ...GPU, name: "b", cidr: "10.42.144.0/20", nodeLabels: { zone: "b" } }])).toMatchObject([
      { name: "default-ipv4-ippool", nodeSelector: `!(${selector}) && !(zone == 'b')` },
      { name: "gpu", cidr: "10.42.128.0/20", blockSize: 26, natOutgoing: "Enabled", nodeSelector: selector },
      { name: "b", nodeSelector: "zone == 'b'" },
    ]);
  });

  it("serves pods that ask for it, on any node or on certain ones, and takes no node from the main pool", () => {
    const onRequest = { ...GPU, nodeLabels: {}, onRequest: true, natOutgoing: false, blockSize: 28 };
    expect(poolsOf([onRequest, { ...GPU, name: "b", onRequest: true }])).toMatchObject([
      { nodeSelector: "all()" },
      { nodeSelector: "all()", assignmentMode: "Manual", natOutgoing: "Disabled", blockSize: 28 },
      { nodeSelector: "example.com/pool == 'gpu' && zone == 'a'", assignmentMode: "Manual" },
    ]);
    expect(poolsOf([GPU])[1]).not.toHaveProperty("assignmentMode");
  });

  it("stands beside Flannel's range while Flannel is being left", () => {
    const names = poolsOf([GPU], { leaving: "flannel" }).map(({ name }) => name);
    expect(names).toEqual(["default-ipv4-ippool", "gpu", "flannel-range"]);
  });
});

describe("ipPools", () => {
  it("is the upper half of the cluster CIDR alone when no CNI is being left", () => {
    expect(ipPools(networkStack())).toEqual([OWN]);
  });

  it("adds Flannel's range, from which nothing is allocated, while Flannel is being left", () => {
    expect(ipPools(networkStack({ cni: { provider: "calico", leaving: "flannel" } }))).toEqual([OWN, FLANNEL]);
  });

  it("adds it on the way back too: Calico pods must keep their source towards Flannel pods", () => {
    expect(ipPools(networkStack({ cni: { provider: "flannel", leaving: "calico" } }))).toEqual([OWN, FLANNEL]);
  });

  it("follows the configuration, but always masquerades for Flannel's pods", () => {
    const config = networkStack({
      cni: { provider: "calico", leaving: "flannel" },
      calico: {
        encapsulation: "VXLANCrossSubnet",
        pool: { cidr: "10.42.192.0/18", blockSize: 24, natOutgoing: false },
      },
    });
    const shared = { blockSize: 24, encapsulation: "VXLANCrossSubnet" };
    expect(ipPools(config)).toEqual([
      { ...OWN, ...shared, cidr: "10.42.192.0/18", natOutgoing: "Disabled" },
      { ...FLANNEL, ...shared },
    ]);
  });

  it("splits any cluster CIDR into two pools that share no address and leave none out", () => {
    fc.assert(
      fc.property(fc.integer({ min: 9, max: 22 }), fc.integer({ min: 0, max: 255 }), (prefix, octet) => {
        const size = 2 ** (32 - prefix);
        const first = Math.floor((10 * 2 ** 24 + octet * 2 ** 16) / size) * size;
        const clusterCidr = `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`;
        const config = networkStack({ network: { clusterCidr }, cni: { provider: "calico", leaving: "flannel" } });
        const [own, flannel] = ipPools(config).map(({ cidr }) => cidr) as [string, string];
        expect(overlaps(own, flannel)).toBe(false);
        expect([contains(clusterCidr, own), contains(clusterCidr, flannel)]).toEqual([true, true]);
        expect(sizeOf(own) + sizeOf(flannel)).toBe(sizeOf(clusterCidr));
      }),
    );
  });
});
