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
