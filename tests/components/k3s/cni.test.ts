import { CNI, FOREIGN_MARKS } from "../../../components/k3s/cni";

describe("CNI", () => {
  it("gives K3s the settings that go with each CNI", () => {
    expect(CNI.flannel.settings).toEqual({ "flannel-backend": "vxlan", "disable-network-policy": false });
    expect(CNI.calico.settings).toEqual({ "flannel-backend": "none", "disable-network-policy": true });
  });

  it("keeps the two apart in everything that they could fight over", () => {
    const { flannel, calico } = CNI;
    expect(flannel.directories.conf).not.toBe(calico.directories.conf);
    expect(flannel.directories.bin).not.toBe(calico.directories.bin);
    expect(flannel.networkName).not.toBe(calico.networkName);
    const ports = [...flannel.ports, ...calico.ports].map(({ protocol, port }) => `${protocol}/${port}`);
    expect(new Set(ports).size).toBe(ports.length);
    expect(flannel.links.filter((link) => calico.links.includes(link))).toEqual([]);
    const paths = new Set<string>(calico.leftovers.paths);
    expect(flannel.leftovers.paths.filter((path) => paths.has(path))).toEqual([]);
  });

  it.each(["flannel", "calico"] as const)("cleans up the configuration of %s that it names", (name) => {
    const { directories, conflist, leftovers } = CNI[name];
    expect(leftovers.paths).toContain(`${directories.conf}/${conflist}`);
  });

  it("lists marks of one bit each", () => {
    for (const mark of Object.values(FOREIGN_MARKS)) expect(Math.log2(mark) % 1).toBe(0);
  });
});
