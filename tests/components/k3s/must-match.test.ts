import type { HostFile } from "../../../components/k3s/hosts";
import {
  describeMismatches,
  effectiveSettings,
  findMismatches,
  MAY_DIFFER_WHILE_MIXED,
  MUST_MATCH,
} from "../../../components/k3s/must-match";
import { CONFIG_FILE, renderSettings, type Settings } from "../../../components/k3s/settings";

const file = (settings: Settings, path = CONFIG_FILE): HostFile => ({
  path,
  mode: "0600",
  content: renderSettings(settings),
});

describe("effectiveSettings", () => {
  it("merges drop-ins over config.yaml in alphabetical order, wherever they stand in the list", () => {
    const files = [
      file({ a: "91" }, `${CONFIG_FILE}.d/91-b.yaml`),
      file({ a: "90", b: "90" }, `${CONFIG_FILE}.d/90-a.yaml`),
      file({ a: "main", b: "main", c: "main" }),
      file({ a: "ignored" }, `${CONFIG_FILE}.d/99-c.bak`),
    ];
    expect(effectiveSettings(files)).toEqual({ a: "91", b: "90", c: "main" });
  });
});

describe("findMismatches", () => {
  const servers = ["s1", "s2", "s3"];
  const same: Settings = { "cluster-cidr": "10.42.0.0/16", "flannel-backend": "none", "node-ip": "192.0.2.1" };

  it("accepts servers that agree, and lets each have its own node settings", () => {
    const files = { s1: [file(same)], s2: [file({ ...same, "node-ip": "192.0.2.2" })], s3: [file(same)] };
    expect(findMismatches(files, servers)).toEqual([]);
  });

  it.each(MUST_MATCH)("finds %s where one server has another value", (key) => {
    const value = key === "disable" ? ["servicelb"] : "one";
    const other = key === "disable" ? ["traefik"] : "two";
    const files = {
      s1: [file({ ...same, [key]: value })],
      s2: [file({ ...same, [key]: other })],
      s3: [file({ ...same, [key]: value })],
    };
    const found = findMismatches(files, servers);
    expect(found.map((mismatch) => mismatch.key)).toEqual([key]);
    expect(Object.values(found[0]?.servers ?? {})).toEqual([["s1", "s3"], ["s2"]]);
  });

  it("finds a value that one server lacks, and says so", () => {
    const without: Settings = { "cluster-cidr": "10.42.0.0/16", "node-ip": "192.0.2.1" };
    const found = findMismatches({ s1: [file(same)], s2: [file(without)], s3: [file(same)] }, servers);
    expect(describeMismatches(found)).toBe(
      [
        "K3s settings differ between servers; K3s allows one value for all servers of a cluster:",
        '  flannel-backend: "none" on s1, s3; (not set) on s2',
        "Give every server the same value. K3s refuses a server that joins with another one.",
      ].join("\n"),
    );
  });

  it("sees a value that a drop-in changes", () => {
    const dropIn = file({ "flannel-backend": "vxlan" }, `${CONFIG_FILE}.d/90-cni.yaml`);
    const found = findMismatches({ s1: [file(same), dropIn], s2: [file(same)], s3: [file(same)] }, servers);
    expect(found).toEqual([{ key: "flannel-backend", servers: { '"vxlan"': ["s1"], '"none"': ["s2", "s3"] } }]);
    const files = { s1: [file(same), dropIn], s2: [file(same)], s3: [file(same)] };
    expect(findMismatches(files, servers, MAY_DIFFER_WHILE_MIXED)).toEqual([]);
  });

  it("compares only ServiceLB among the disabled components", () => {
    const files = {
      s1: [file({ disable: ["servicelb", "traefik"] })],
      s2: [file({ disable: ["servicelb"] })],
    };
    expect(findMismatches(files, ["s1", "s2"])).toEqual([]);
  });
});

it("compares every setting that K3s documents as critical", () => {
  expect(MUST_MATCH).toEqual([
    "agent-token",
    "cluster-cidr",
    "cluster-dns",
    "cluster-domain",
    "disable",
    "disable-cloud-controller",
    "disable-helm-controller",
    "disable-kube-proxy",
    "disable-network-policy",
    "egress-selector-mode",
    "embedded-registry",
    "flannel-backend",
    "flannel-external-ip",
    "flannel-ipv6-masq",
    "kube-controller-manager-arg",
    "kube-proxy-arg",
    "secrets-encryption",
    "secrets-encryption-provider",
    "service-cidr",
  ]);
});
