import { endpointsOf, neededImages } from "../../../checks/preflight/images";
import { machinesOf } from "../support/machines";

const shown = (sections: Record<string, object> = {}): string[] =>
  neededImages(machinesOf(sections)).map(({ registry, repository, tag }) => `${registry}/${repository}:${tag}`);

describe("neededImages", () => {
  it("names Calico's and the probe's", () => {
    expect(shown()).toEqual([
      "quay.io/calico/cni:v3.31.7",
      "quay.io/calico/node:v3.31.7",
      "quay.io/tigera/operator:v1.40.15",
      "docker.io/rancher/mirrored-library-busybox:1.37.0",
    ]);
  });

  it("takes them from the stack's own registry", () => {
    expect(shown({ calico: { registry: "registry.example.com:5000/mirror/" } })[0]).toBe(
      "registry.example.com:5000/mirror/calico/cni:v3.31.7",
    );
  });

  it("takes them from the stack's own path, by digest where the stack pins them", () => {
    const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
    const imageDigests = {
      version: "3.31.7",
      images: { "calico/cni": digest("1"), "calico/node": digest("2") },
      operator: digest("3"),
    };
    const found = neededImages(machinesOf({ calico: { imagePath: "mirror/calico", imageDigests } }));
    expect(found.slice(0, 3).map(({ repository, digest: pinned }) => [repository, pinned])).toEqual([
      ["mirror/calico/cni", digest("1")],
      ["mirror/calico/node", digest("2")],
      ["mirror/calico/operator", digest("3")],
    ]);
  });

  it("wants none of Calico's where only Flannel is declared", () => {
    expect(shown({ cni: { provider: "flannel" } })).toEqual(["docker.io/rancher/mirrored-library-busybox:1.37.0"]);
  });
});

describe("endpointsOf", () => {
  const YAML = `mirrors:
  docker.io:
    endpoint: ["https://mirror.example.com/v2/", "http://192.0.2.1:5000"]
  "*":
    endpoint:
      - https://all.example.com
configs: {}
`;
  it("asks mirrors first, in their order, then the registry itself", () => {
    expect(endpointsOf("docker.io", YAML)).toEqual([
      "https://mirror.example.com",
      "http://192.0.2.1:5000",
      "https://all.example.com",
      "https://registry-1.docker.io",
    ]);
    expect(endpointsOf("quay.io", YAML)).toEqual(["https://all.example.com", "https://quay.io"]);
  });

  it.each([undefined, "", "mirrors: [", "other: 1"])("knows no mirrors in %j", (text) => {
    expect(endpointsOf("quay.io", text)).toEqual(["https://quay.io"]);
  });
});
