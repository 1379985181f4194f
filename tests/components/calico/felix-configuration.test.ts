import { felixConfigurationSpec, MARK_MASK } from "../../../components/calico/felix-configuration";
import { FOREIGN_MARKS } from "../../../components/k3s/cni";
import { CALICO, CALICO_VERSIONS } from "../../../config/compatibility";
import { networkStack } from "../../support/network-stack";

/** Bits of a mask, as numbers. JavaScript's own operators are signed. */
const bits = (mask: number): number[] =>
  Array.from({ length: 32 }, (_, index) => 2 ** index).filter((bit) => Math.floor(mask / bit) % 2 === 1);

describe.each(CALICO_VERSIONS)("the mark mask of Calico %s", (version) => {
  it("keeps clear of every mark that others set on a K3s node", () => {
    const own = new Set(bits(MARK_MASK[version]));
    expect(Object.entries(FOREIGN_MARKS).filter(([, mark]) => own.has(mark))).toEqual([]);
  });

  it("leaves Felix the 8 bits that it wants", () => {
    expect(bits(MARK_MASK[version]).length).toBeGreaterThanOrEqual(8);
  });

  it("fits the CRD's int32 where the line runs on a Kubernetes that enforces it (1.36)", () => {
    if (CALICO[version].kubernetes[1] >= 36) expect(MARK_MASK[version]).toBeLessThanOrEqual(2 ** 31 - 1);
    else expect(MARK_MASK[version]).toBeLessThan(2 ** 32);
  });

  it("is all that the stack owns of FelixConfiguration", () => {
    expect(felixConfigurationSpec(networkStack({ calico: { version } }))).toEqual({
      iptablesMarkMask: MARK_MASK[version],
    });
  });
});

it("has the values that were measured and derived", () => {
  expect(MARK_MASK).toEqual({ "3.31.7": 4293918720, "3.32.1": 2146435072 });
  // Felix' own default would cover two marks of K3s' policy controller.
  expect(bits(0xffff0000)).toEqual(expect.arrayContaining([0x10000, 0x20000]));
});

describe("felixConfigurationSpec", () => {
  const specOf = (calico: Record<string, unknown>) => felixConfigurationSpec(networkStack({ calico }));

  it("leaves eBPF the default mask: beside the bits of its programs it needs six more, or Felix panics", () => {
    const own = (mask: number) => bits(mask).filter((bit) => !bits(0x1ff00000).includes(bit));
    for (const version of CALICO_VERSIONS) {
      expect(specOf({ version, dataplane: "bpf" })).toEqual({});
      expect(own(MARK_MASK[version]).length).toBeLessThan(6);
    }
    // Felix' default.
    expect(own(0xffff0000).length).toBeGreaterThanOrEqual(6);
  });

  it("turns WireGuard on where it is asked for", () => {
    expect(specOf({ wireguard: true })).toEqual({ iptablesMarkMask: MARK_MASK["3.31.7"], wireguardEnabled: true });
  });

  it("names failsafe ports only where nodes have endpoints", () => {
    expect(specOf({ hostEndpoints: { mode: "automatic" } })).toHaveProperty("failsafeInboundHostPorts");
    expect(specOf({})).not.toHaveProperty("failsafeInboundHostPorts");
  });
});
