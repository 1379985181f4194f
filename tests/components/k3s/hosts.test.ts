import { mergeHostFiles, renderHosts } from "../../../components/k3s/hosts";
import { effectiveSettings } from "../../../components/k3s/must-match";
import { HOSTS, networkStack } from "../../support/network-stack";

const config = networkStack({ hosts: HOSTS });

/** Flags of `k3s server` that `k3s agent` does not know, or that belong to the servers alone (docs.k3s.io cli/server). */
const SERVER_KEYS =
  /^(cluster-|service-|etcd-|disable|flannel-|secrets-|tls-san|egress-|kube-(apiserver|controller|scheduler)|write-kubeconfig|datastore-|agent-token|embedded-registry|helm-)/;

describe("renderHosts", () => {
  it("renders config.yaml for every machine, servers first, and never the token itself", () => {
    const files = renderHosts({ ...config, hasToken: true });
    expect(Object.keys(files)).toEqual(["server-1", "server-2", "server-3", "agent-1", "agent-2"]);
    for (const own of Object.values(files)) {
      expect(own.map(({ path, mode }) => ({ path, mode }))).toEqual([
        { path: "/etc/rancher/k3s/config.yaml", mode: "0600" },
      ]);
      expect(own[0]?.content).toContain('token-file: "/etc/rancher/k3s/token"');
    }
  });

  it("gives agents no server's key", () => {
    const files = renderHosts({ ...config, hasToken: true });
    const leaked = ["agent-1", "agent-2"].flatMap((name) =>
      Object.keys(effectiveSettings(files[name] ?? [])).filter((key) => SERVER_KEYS.test(key)),
    );
    expect(leaked).toEqual([]);
    // The same expression does find them on a server.
    const server = Object.keys(effectiveSettings(files["server-1"] ?? []));
    expect(server.filter((key) => SERVER_KEYS.test(key)).length).toBeGreaterThan(8);
  });

  it("names no token file where there is no token", () => {
    const files = renderHosts({ ...config, hasToken: false });
    expect(files["agent-1"]?.map(({ path }) => path)).toEqual(["/etc/rancher/k3s/config.yaml"]);
    expect(files["agent-1"]?.[0]?.content).not.toContain("token");
  });

  it("renders nothing without machines", () => {
    expect(renderHosts({ ...networkStack(), hasToken: false })).toEqual({});
  });
});

describe("mergeHostFiles", () => {
  it("keeps the files of every part, by machine", () => {
    const file = (path: string) => ({ path, mode: "0600" as const, content: "" });
    const merged = mergeHostFiles({ a: [file("/1")], b: [file("/2")] }, { b: [file("/3")], c: [file("/4")] });
    expect(merged).toEqual({ a: [file("/1")], b: [file("/2"), file("/3")], c: [file("/4")] });
  });
});
