import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readStackFile } from "../../../config/stack-file";
import { allCharts, folderOf } from "../../../tools/charts/pinned";
import { configOf } from "../../../config/stack-config";
import { evaluate, PROJECT_DIR } from "../../../tools/plan/evaluate";
import { bom } from "../../../tools/sbom/bom";
import { imageComponent } from "../../../tools/sbom/components";
import { imagesIn, mergedValues } from "../../../tools/sbom/images";
import { partsOfAll, partsOfStack } from "../../../tools/sbom/parts";

// The first evaluation loads both providers' packages.
jest.setTimeout(120_000);

const SUM = "a".repeat(64);
const NONE = { lock: { get: () => undefined }, folder: "/nonexistent" };

test.each([
  ["a pod's image", { spec: { containers: [{ image: "docker.io/a/b:1.2" }] } }, ["docker.io/a/b:1.2"]],
  ["one by digest", { image: `a/b@sha256:${SUM}` }, [`a/b@sha256:${SUM}`]],
  ["three keys", { image: { registry: "docker.io", repository: "a/b", tag: "2.0" } }, ["docker.io/a/b:2.0"]],
  ["Tigera's keys", { image: "tigera/operator", registry: "quay.io/", version: "v1" }, ["quay.io/tigera/operator:v1"]],
  ["the same twice", [{ image: "a:1" }, { image: "a:1" }], ["a:1"]],
  ["a name without version", { image: "a/b", registry: "quay.io" }, []],
  ["a registry with a port alone", { image: "registry:5000/a" }, []],
  ["a template", { image: "{{ .Values.image }}:1" }, []],
  ["a text of another key", { description: "a/b:1" }, []],
])("%s", (_, value, images) => {
  expect(imagesIn(value)).toEqual(images);
});

test("a release's values go over those of the chart", () => {
  const own = { a: { image: { repository: "x", tag: "1" } }, list: [1] };
  expect(mergedValues(own, { a: { image: { tag: "2" } }, list: [] })).toEqual({
    a: { image: { repository: "x", tag: "2" } },
    list: [],
  });
  expect(mergedValues(own, undefined)).toBe(own);
});

test.each([
  ["docker.io/a/b:1", { name: "docker.io/a/b", version: "1", purl: "pkg:docker/a/b@1" }],
  ["quay.io/a/b:v1", { name: "quay.io/a/b", version: "v1", purl: "pkg:docker/a/b@v1?repository_url=quay.io" }],
  ["r:5000/a@sha256:" + SUM, { name: "r:5000/a", purl: `pkg:docker/a@sha256%3A${SUM}?repository_url=r%3A5000` }],
  ["a/b:1@sha256:" + SUM, { version: "1", hashes: [{ alg: "SHA-256", content: SUM }] }],
])("the component of %s", (image, expected) => {
  expect(imageComponent(image)).toMatchObject(expected);
});

test("all versions: every chart, with its sum where the lock file has it, and Calico's images", () => {
  const lock = { get: (name: string) => (name === "seldon-core-v2-setup-2.10.2" ? SUM : undefined) };
  const { components, unread } = partsOfAll({ ...NONE, lock });
  const applications = components.filter(({ type }) => type === "application");
  expect(applications.map(({ name, version }) => ({ chart: name, version }))).toEqual(
    allCharts().map(({ chart, version }) => ({ chart, version })),
  );
  expect(applications.filter(({ hashes }) => hashes !== undefined).map(({ name }) => name)).toEqual([
    "seldon-core-v2-setup",
  ]);
  expect(components.map((component) => component["bom-ref"])).toContain("image:quay.io/calico/node:v3.32.1");
  expect(unread).toHaveLength(allCharts().length);
});

describe("of a stack", () => {
  const parts = async (stack: string, file?: string, values: Record<string, unknown> = {}, source = NONE) => {
    const read = readStackFile(PROJECT_DIR, stack, file);
    const given = { ...read, values: { ...read.values, ...values } };
    return partsOfStack(configOf(given), await evaluate(given), source);
  };

  test("its K3s with the pinned files, its images with registry, path and digest", async () => {
    const file = path.join(PROJECT_DIR, "tests/stacks/Pulumi.calico-hardened.yaml");
    const pin = { url: "https://example.com/k3s", sha256: SUM };
    const k3s = { install: { installer: pin, binary: { amd64: pin } } };
    const { components } = await parts("calico-hardened", file, { k3s });
    const byRef = new Map(components.map((component) => [component["bom-ref"], component]));
    expect(byRef.get("k3s:v1.33.8+k3s1")?.purl).toBe("pkg:github/k3s-io/k3s@v1.33.8%2Bk3s1");
    expect(byRef.get("file:k3s")?.hashes).toEqual([{ alg: "SHA-256", content: SUM }]);
    const images = components.filter(({ type }) => type === "container").map(({ name }) => name);
    expect(images).toContain("registry.example.com/mirror/calico-signed/node");
    expect(images).toContain("registry.example.com/mirror/calico-signed/operator");
    expect(images.filter((name) => name.startsWith("quay.io/"))).toEqual([]);
    expect(new Set(byRef.keys()).size).toBe(components.length);
  });

  test("images of a chart that is there, and what is not there marked as incomplete", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "sbom-"));
    try {
      const chart = path.join(folder, "seldon-core-v2-setup-2.10.2");
      mkdirSync(chart);
      writeFileSync(path.join(chart, "Chart.yaml"), "name: seldon-core-v2-setup\n");
      writeFileSync(
        path.join(chart, "values.yaml"),
        "envoy: {image: {registry: docker.io, repository: x/envoy, tag: 9.9}}\n",
      );
      const { components, unread } = await parts("staging", undefined, {}, { ...NONE, folder });
      expect(components.map((component) => component["bom-ref"])).toContain("image:docker.io/x/envoy:9.9");
      expect(unread.map(folderOf)).not.toContain("seldon-core-v2-setup-2.10.2");
      const document = bom(
        { bomFormat: "CycloneDX", specVersion: "1.5", components: [{ name: "of-npm" }] },
        { components, unread },
      );
      expect(document.components).toHaveLength(components.length + 1);
      expect(document.compositions?.[0]?.assemblies).toContain("chart:tigera-operator-3.31.7");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
