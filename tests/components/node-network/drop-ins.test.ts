import { effectiveSettings } from "../../../components/k3s/must-match";
import { renderDropIns } from "../../../components/node-network/drop-ins";
import { HOSTS, networkStack } from "../../support/network-stack";

const dropIns = (cni: Record<string, unknown>) => renderDropIns(networkStack({ hosts: HOSTS, cni }));

/** `<backend>/<policy controller off?>` of each server. */
const settings = (cni: Record<string, unknown>) =>
  Object.values(dropIns(cni)).map((files) => {
    const merged = effectiveSettings(files);
    return `${String(merged["flannel-backend"])}/${String(merged["disable-network-policy"])}`;
  });

describe("renderDropIns", () => {
  it("writes one setting a file, for servers only", () => {
    const files = dropIns({ provider: "calico" });
    expect(Object.keys(files)).toEqual(["server-1", "server-2", "server-3"]);
    const header = "# Written by seldon-k3s from the stack's configuration.\n";
    for (const own of Object.values(files)) {
      expect(own).toEqual([
        {
          path: "/etc/rancher/k3s/config.yaml.d/90-cni.yaml",
          mode: "0600",
          content: `${header}flannel-backend: "none"\n`,
        },
        {
          path: "/etc/rancher/k3s/config.yaml.d/91-policy.yaml",
          mode: "0600",
          content: `${header}disable-network-policy: true\n`,
        },
      ]);
    }
  });

  it.each([
    ["Calico", { provider: "calico" }, ["none/true", "none/true", "none/true"]],
    ["Flannel", { provider: "flannel" }, ["vxlan/false", "vxlan/false", "vxlan/false"]],
    ["to Calico, whole", { provider: "calico", leaving: "flannel" }, ["none/true", "none/true", "none/true"]],
    [
      "to Calico, none yet",
      { provider: "calico", leaving: "flannel", upTo: 0 },
      ["vxlan/false", "vxlan/false", "vxlan/false"],
    ],
    [
      "to Calico, one",
      { provider: "calico", leaving: "flannel", upTo: 1 },
      ["none/false", "vxlan/false", "vxlan/false"],
    ],
    [
      "to Calico, all servers, an agent left",
      { provider: "calico", leaving: "flannel", upTo: 4 },
      ["none/false", "none/false", "none/false"],
    ],
    [
      "to Calico, all five",
      { provider: "calico", leaving: "flannel", upTo: 5 },
      ["none/true", "none/true", "none/true"],
    ],
    [
      "to Calico, more than there are",
      { provider: "calico", leaving: "flannel", upTo: 50 },
      ["none/true", "none/true", "none/true"],
    ],
    ["back, one", { provider: "flannel", leaving: "calico", upTo: 1 }, ["vxlan/false", "vxlan/false", "vxlan/false"]],
    ["back, whole", { provider: "flannel", leaving: "calico" }, ["vxlan/false", "vxlan/false", "vxlan/false"]],
  ])("%s", (_, cni, expected) => {
    expect(settings(cni)).toEqual(expected);
  });

  it("never stops the policy controller of K3s while a server still runs Flannel", () => {
    for (const [provider, leaving] of [
      ["calico", "flannel"],
      ["flannel", "calico"],
    ]) {
      for (let upTo = 0; upTo <= 5; upTo++) {
        const all = settings({ provider, leaving, upTo });
        if (all.some((value) => value.startsWith("vxlan/")))
          expect(all.filter((value) => value.endsWith("/true"))).toEqual([]);
      }
    }
  });

  it("renders nothing without machines", () => {
    expect(renderDropIns(networkStack())).toEqual({});
  });
});
