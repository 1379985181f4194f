import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareCharts, type ChartsOptions } from "../../sandbox/charts";
import { fields } from "../../sandbox/api/objects";
import { renderChart } from "../../sandbox/engine/chart-files";
import { CALICO_VERSIONS, SELDON_VERSIONS } from "../../config/compatibility";
import { allCharts, folderOf } from "../../tools/charts/pinned";

const { signal } = new AbortController();

/** Operators of other projects: a stack with them is tried with their real charts only. */
const WITHOUT_STAND_IN = ["cert-manager", "strimzi-kafka-operator"];
const GOLDEN = join(__dirname, "../golden");
const OURS = allCharts().filter(({ chart }) => !WITHOUT_STAND_IN.includes(chart));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "chart-files-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function options(changes: Partial<ChartsOptions> = {}): ChartsOptions {
  return {
    needed: OURS,
    target: join(folder, "target"),
    project: folder,
    pulled: join(folder, "pulled"),
    cache: join(folder, "cache"),
    profile: "models",
    signal,
    ...changes,
  };
}

function realChart(parent: string, name: string): void {
  mkdirSync(join(parent, name, "templates"), { recursive: true });
  writeFileSync(join(parent, name, "Chart.yaml"), `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`);
}

const rendered = (name: string, values: object = {}) =>
  renderChart({ folder: join(folder, "target", name), name: "release", namespace: "apps", values }, { signal });

const objectsOf = async (name: string, values: object = {}) => {
  const { crds, objects } = await rendered(name, values);
  return [...crds, ...objects];
};

describe("charts of a run", () => {
  test("stand-ins exist for every other chart of every supported version, with the version that was asked for", async () => {
    const prepared = await prepareCharts(options({ given: null }));
    expect(prepared).toMatchObject({ origin: "stand-in", reason: "asked for" });
    for (const pinned of OURS) {
      const chart = readFileSync(join(folder, "target", folderOf(pinned), "Chart.yaml"), "utf8");
      expect(chart).toContain(`name: ${pinned.chart}\n`);
      expect(chart).toContain(`version: ${pinned.version}\n`);
      expect((await objectsOf(folderOf(pinned))).length).toBeGreaterThan(0);
    }
    expect(CALICO_VERSIONS.length + SELDON_VERSIONS.length).toBeGreaterThan(2);
  });

  test.each(WITHOUT_STAND_IN)("%s has none, and the run says so", async (chart) => {
    const needed = allCharts().filter((one) => one.chart === chart);
    expect(needed).not.toEqual([]);
    await expect(prepareCharts(options({ given: null, needed }))).rejects.toThrow(
      `there is no stand-in for the chart ${chart}; give the real one with --charts`,
    );
  });

  test("CRDs of a chart's folder crds are no part of its manifest", async () => {
    const [operator] = OURS.filter(({ chart }) => chart === "tigera-operator");
    await prepareCharts(options({ given: null }));
    const { crds, objects, manifest } = await rendered(folderOf(operator!));
    expect(new Set(crds.map(({ kind }) => kind))).toEqual(new Set(["CustomResourceDefinition"]));
    expect(objects.map(({ kind }) => kind)).not.toContain("CustomResourceDefinition");
    expect(manifest.match(/^kind: .*/gm)).toEqual(objects.map(({ kind }) => `kind: ${kind}`));
  });

  test("a stand-in has the variant of the profile", async () => {
    const [runtime] = OURS.filter(({ chart }) => chart === "seldon-core-v2-runtime");
    await prepareCharts(options({ given: null, profile: "pipelines" }));
    const [object] = await objectsOf(folderOf(runtime!));
    expect(object?.spec?.["overrides"]).toContainEqual({
      name: "seldon-modelgateway",
      replicas: 1,
      podSpec: {},
    });
  });

  test("the runtime's stand-in hands a component's podSpec on, as the real chart does", async () => {
    const [runtime] = OURS.filter(({ chart }) => chart === "seldon-core-v2-runtime");
    await prepareCharts(options({ given: null }));
    const podSpec = { securityContext: { seccompProfile: { type: "RuntimeDefault" } }, containers: [] };
    const [object] = await objectsOf(folderOf(runtime!), { scheduler: { podSpec, serviceType: "ClusterIP" } });
    const overrides = object?.spec?.["overrides"] as { name: string; podSpec: unknown }[];
    expect(Object.fromEntries(overrides.map((one) => [one.name, one.podSpec]))).toEqual({
      hodometer: {},
      "seldon-scheduler": podSpec,
      "seldon-envoy": {},
      "seldon-dataflow-engine": {},
      "seldon-modelgateway": {},
      "seldon-pipelinegateway": {},
    });
  });

  test("the stand-ins have a CRD for every kind of an operator's that a golden plan makes", async () => {
    await prepareCharts(options({ given: null }));
    const known = new Set<unknown>();
    for (const pinned of OURS) {
      for (const { kind, spec } of await objectsOf(folderOf(pinned)))
        if (kind === "CustomResourceDefinition")
          known.add(`${String(spec?.["group"])} ${String(fields(spec?.["names"])["kind"])}`);
    }
    const plans = readdirSync(GOLDEN)
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => readFileSync(join(GOLDEN, file), "utf8"));
    const kinds = /kubernetes:((?:crd\.projectcalico\.org|operator\.tigera\.io|mlops\.seldon\.io)\/v\w+):(\w+)/g;
    const made = plans.flatMap((plan) => [...plan.matchAll(kinds)].map(([, group, kind]) => `${group} ${kind}`));
    expect(made.length).toBeGreaterThan(100);
    expect(made.map((one) => one.replace(/\/v\w+|Patch$/g, "")).filter((one) => !known.has(one))).toEqual([]);
  });

  test("says why there are stand-ins when no real chart can be had", async () => {
    const { origin, reason } = await prepareCharts(options());
    expect(origin).toBe("stand-in");
    expect(reason).toContain(`there are none in ${join(folder, "pulled")}, and charts.lock.yaml records no SHA-256 of`);
  });

  test("takes what has been pulled, when it is complete", async () => {
    for (const pinned of OURS) realChart(join(folder, "pulled"), folderOf(pinned));
    expect(await prepareCharts(options())).toMatchObject({ origin: "real", reason: `from ${join(folder, "pulled")}` });
    rmSync(join(folder, "pulled", folderOf(OURS[0]!)), { recursive: true });
    expect((await prepareCharts(options({ target: join(folder, "other") }))).origin).toBe("stand-in");
  });

  test("refuses a given folder that lacks a chart, by name", async () => {
    realChart(folder, folderOf(OURS[0]!));
    const given = prepareCharts(options({ given: folder }));
    await expect(given).rejects.toThrow(`does not hold ${OURS.slice(1).map(folderOf).join(", ")}`);
  });
});

describe("objects of a chart", () => {
  const release = () => ({
    folder: join(folder, "x"),
    name: "release",
    namespace: "apps",
    values: { password: "marked" },
  });

  /** A `helm` that does what a script says. */
  function fakeHelm(body: string): string {
    const helm = join(folder, "helm");
    writeFileSync(helm, `#!/bin/sh\n${body}\n`);
    chmodSync(helm, 0o755);
    return helm;
  }

  test("a real chart is rendered by helm, values by standard input, hooks left out, CRDs of its folder apart", async () => {
    realChart(folder, "x");
    const helm = fakeHelm(`[ "$1" = show ] && { printf '%s\\n' "---" "apiVersion: apiextensions.k8s.io/v1" \
  "kind: CustomResourceDefinition" "metadata: { name: $*.crd }"; exit; }
cat > ${folder}/values
cat <<END
---
# Source: x/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: { name: rendered }
data: { arguments: "$*", mode: 0420 }
END`);
    const { crds, objects, manifest, metadata } = await renderChart(release(), { helm, signal });
    expect(objects.map(({ kind }) => kind)).toEqual(["ConfigMap"]);
    const used = `template release ${join(folder, "x")} --namespace apps --no-hooks --values -`;
    // Helm reads YAML 1.1.
    expect(objects[0]?.["data"]).toEqual({ arguments: used, mode: 0o420 });
    expect(JSON.parse(readFileSync(join(folder, "values"), "utf8"))).toEqual({ password: "marked" });
    expect(crds.map((one) => one.metadata.name)).toEqual([`show crds ${join(folder, "x")}.crd`]);
    expect(manifest).toContain("# Source: x/templates/a.yaml\n");
    expect(metadata).toEqual({ apiVersion: "v2", name: "x", version: "1.0.0" });
  });

  test("what helm says is told", async () => {
    realChart(folder, "x");
    await expect(
      renderChart(release(), { helm: fakeHelm("echo broken template >&2; exit 3"), signal }),
    ).rejects.toThrow(/broken template/);
  });

  test("a stand-in with any other template expression than a value as JSON is refused", async () => {
    realChart(folder, "x");
    writeFileSync(join(folder, "x/Chart.yaml"), 'annotations: { seldon-k3s/stand-in: "true" }\n');
    writeFileSync(join(folder, "x/templates/a.yaml"), "metadata: { name: {{ .Release.Name }} }\n");
    await expect(renderChart(release(), { signal })).rejects.toThrow("a stand-in is YAML with no");
    writeFileSync(join(folder, "x/templates/a.yaml"), "metadata: { name: {{ toJson .Values.name }} }\n");
    await expect(renderChart(release(), { signal })).rejects.toThrow(`a.yaml asks for the value "name"`);
  });

  test("a folder without a chart is named", async () => {
    await expect(renderChart(release(), { signal })).rejects.toThrow(`there is no chart in ${join(folder, "x")}`);
  });
});
