import { effectiveSettings, ENVIRONMENT, UNIT } from "../../../checks/hosts/effective";
import { agentFacts, serverFacts } from "../support/machines";

const CONFIG = "/etc/rancher/k3s/config.yaml";
const dropIn = (name: string): string => `${CONFIG}.d/${name}`;

const settings = (flags: readonly string[], files: Record<string, string> = {}, env: readonly string[] = []) =>
  effectiveSettings(serverFacts({ "exec-start": ["/usr/local/bin/k3s", "server", ...flags], env }, files));

describe("effectiveSettings", () => {
  it("takes K3s' defaults where a server says nothing, and the DNS address from the Service range", () => {
    const own = settings([]);
    expect(own.text("flannel-backend")).toBe("vxlan");
    expect(own.text("cluster-dns")).toBe("10.43.0.10");
    expect(own.source("flannel-backend")).toBeUndefined();
    expect(own.text("node-ip")).toBeUndefined();
    expect(settings(["--service-cidr=10.96.0.0/12"]).text("cluster-dns")).toBe("10.96.0.10");
    expect(effectiveSettings(agentFacts()).text("flannel-backend")).toBeUndefined();
  });

  it("lets later files beat earlier ones, and the unit beat all files", () => {
    const files = {
      [dropIn("90-cni.yaml")]: 'flannel-backend: "none"\n',
      [CONFIG]: "flannel-backend: host-gw\n",
      [dropIn("10-site.yaml")]: "flannel-backend: wireguard-native\n",
    };
    expect(settings([], files).text("flannel-backend")).toBe("none");
    expect(settings([], files).source("flannel-backend")).toBe(dropIn("90-cni.yaml"));
    const beaten = settings(["--flannel-backend=vxlan"], files);
    expect(beaten.text("flannel-backend")).toBe("vxlan");
    expect(beaten.source("flannel-backend")).toBe(UNIT);
    expect(beaten.from(dropIn("90-cni.yaml"), "flannel-backend")).toBe("none");
  });

  it("replaces lists from file to file, appends with +, and adds the unit's", () => {
    const files = { [CONFIG]: "disable: [traefik]\n", [dropIn("50-x.yaml")]: "disable+:\n  - servicelb\n" };
    expect(settings(["--disable", "metrics-server"], files).text("disable")).toBe("metrics-server,servicelb,traefik");
    const replaced = { [CONFIG]: "disable: [traefik]\n", [dropIn("50-x.yaml")]: "disable: servicelb,local-storage\n" };
    expect(settings([], replaced).text("disable")).toBe("local-storage,servicelb");
  });

  it("reads flags in every spelling", () => {
    const own = settings([
      "--cluster-init",
      "--data-dir",
      "/srv/k3s",
      "-i",
      "192.0.2.11",
      "--secrets-encryption=true",
      "--disable-network-policy",
      "--tls-san=b,a",
      "--kubelet-arg",
      "max-pods=200",
      "--kube-controller-manager-arg=node-cidr-mask-size=25",
    ]);
    expect(own.text("cluster-init")).toBe("true");
    expect(own.text("data-dir")).toBe("/srv/k3s");
    expect(own.text("node-ip")).toBe("192.0.2.11");
    expect(own.text("secrets-encryption")).toBe("true");
    expect(own.text("disable-network-policy")).toBe("true");
    expect(own.text("tls-san")).toBe("a,b");
    expect(own.text("kubelet-arg")).toBe("max-pods=200");
    expect(own.argument("kube-controller-manager-arg", "node-cidr-mask-size")).toBe("25");
    expect(own.argument("kube-controller-manager-arg", "other")).toBeUndefined();
  });

  it("reads booleans as K3s' YAML does, and text as text", () => {
    const own = settings([], {
      [CONFIG]: "secrets-encryption: yes\ncluster-init:\nwrite-kubeconfig-mode: 0644\nrootless: off\n",
    });
    expect(own.text("secrets-encryption")).toBe("true");
    expect(own.text("cluster-init")).toBe("true");
    expect(own.text("write-kubeconfig-mode")).toBe("0644");
    expect(own.text("rootless")).toBe("false");
  });

  it("hears the environment last", () => {
    const env = ["K3S_NODE_NAME='s1'", "K3S_URL=https://192.0.2.1:6443", "K3S_DEBUG=", "PATH=/bin"];
    expect(settings([], {}, env).text("node-name")).toBe("s1");
    expect(settings([], {}, env).source("node-name")).toBe(ENVIRONMENT);
    expect(settings(["--node-name=other"], {}, env).text("node-name")).toBe("other");
    expect(settings([], {}, env).keys).toEqual(["node-name", "server"]);
  });

  it("says which file is no settings, without quoting it", () => {
    const own = settings([], { [CONFIG]: "token: x\n  - : broken: [\n", [dropIn("50-x.yaml")]: "- a\n- b\n" });
    expect(own.broken.map(({ path }) => path)).toEqual([CONFIG, dropIn("50-x.yaml")]);
    expect(own.broken[0]?.problem).toMatch(/^not YAML: .* in line \d+$/);
    expect(own.broken[1]?.problem).toBe("not a list of settings");
  });

  it("leaves registries and files of other kinds out", () => {
    const own = settings([], { "/etc/rancher/k3s/registries.yaml": "mirrors: {}\n", [dropIn("readme.txt")]: "x: y\n" });
    expect(own.keys).toEqual([]);
  });
});
