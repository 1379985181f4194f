/** Releases of the engine in process, as Helm itself sees them. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { messageOf } from "../../config/thrown";
import { buildTools } from "../../sandbox/build-tools";
import { renderChart, type ChartRelease } from "../../sandbox/engine/chart-files";
import { install, uninstall } from "../../sandbox/engine/release";
import { Progress } from "../../sandbox/progress";
import { startTestControlPlane, type TestControlPlane } from "./support/control-plane";

jest.setTimeout(300_000);

const { signal } = new AbortController();
const NAMESPACE = "apps";

let cluster: TestControlPlane;
let program: string;
let release: ChartRelease;

beforeAll(async () => {
  cluster = await startTestControlPlane();
  const { helm } = await buildTools({ wanted: ["helm"], progress: new Progress(() => undefined) });
  program = helm!.path;
  release = { folder: cluster.run.file("chart"), name: "shop", namespace: NAMESPACE, values: { greeting: "hello" } };
  await cluster.client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }, by);
});

afterAll(() => cluster?.stop());

const by = { fieldManager: "test" };

const helm = (...args: string[]): string =>
  execFileSync(program, [...args, "--kubeconfig", cluster.kubeconfig, "-n", NAMESPACE], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: cluster.run.folder("helm-home") },
  });
const listed = (): unknown => JSON.parse(helm("list", "-o", "json"));
const history = () =>
  (JSON.parse(helm("history", release.name, "-o", "json")) as { revision: number; status: string }[]).map(
    ({ revision, status }) => `${revision} ${status}`,
  );
const configMaps = async () =>
  (await cluster.client.list(`/api/v1/namespaces/${NAMESPACE}/configmaps`))
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== "kube-root-ca.crt");

/** Writes the chart with a ConfigMap for each name, and installs it. */
async function installed(version: string, names: readonly string[], values: object = {}): Promise<number> {
  rmSync(release.folder, { recursive: true, force: true });
  mkdirSync(join(release.folder, "templates"), { recursive: true });
  const mark = "annotations: { seldon-k3s/stand-in: 'true' }";
  writeFileSync(join(release.folder, "Chart.yaml"), `apiVersion: v2\nname: shop\nversion: ${version}\n${mark}\n`);
  writeFileSync(join(release.folder, "values.yaml"), "greeting: none\n");
  for (const name of names) {
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { greeting: {{ toJson .Values.greeting }} }\n`;
    writeFileSync(join(release.folder, "templates", `${name}.yaml`), text);
  }
  const asked = { ...release, values: { ...(release.values as object), ...values } };
  const chart = await renderChart(asked, { helm: program, signal });
  return install(asked, chart, { client: cluster.client, timeoutSeconds: 5, maxHistory: 4, signal });
}

test("helm lists a release, and gives its manifest and its values", async () => {
  expect(await installed("1.0.0", ["one", "two"])).toBe(1);
  expect(listed()).toEqual([
    expect.objectContaining({
      name: "shop",
      namespace: NAMESPACE,
      revision: "1",
      status: "deployed",
      chart: "shop-1.0.0",
    }),
  ]);
  expect(helm("get", "manifest", "shop")).toContain('metadata: { name: one }\ndata: { greeting: "hello" }');
  expect(JSON.parse(helm("get", "values", "shop", "-o", "json"))).toEqual({ greeting: "hello" });
});

test("the same again is no new revision; an upgrade is, and takes away what only the one before had", async () => {
  expect(await installed("1.0.0", ["one", "two"])).toBe(1);
  expect(await installed("1.1.0", ["two", "three"], { greeting: "good day" })).toBe(2);
  expect(history()).toEqual(["1 superseded", "2 deployed"]);
  expect(await configMaps()).toEqual(["three", "two"]);
});

test("helm upgrades it further, and goes back to what the engine recorded", async () => {
  const chart = join(cluster.run.folder("by-helm"), "shop");
  mkdirSync(join(chart, "templates"), { recursive: true });
  writeFileSync(join(chart, "Chart.yaml"), "apiVersion: v2\nname: shop\nversion: 2.0.0\n");
  writeFileSync(
    join(chart, "templates/two.yaml"),
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: two }\ndata: { greeting: bye }\n",
  );
  helm("upgrade", "shop", chart);
  expect(await configMaps()).toEqual(["two"]);
  helm("rollback", "shop", "2");
  expect(history()).toEqual(["1 superseded", "2 superseded", "3 superseded", "4 deployed"]);
  expect(await configMaps()).toEqual(["three", "two"]);
});

test("a revision whose workload gets not ready is recorded as failed, and the next one heals it", async () => {
  await installed("2.1.0", ["two"]);
  const chart = join(release.folder, "templates/web.yaml");
  const container = "{ name: web, image: 'registry.invalid/web:1' }";
  const pod = `{ metadata: { labels: { app: web } }, spec: { containers: [${container}] } }`;
  writeFileSync(
    chart,
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { selector: { matchLabels: { app: web } }, template: ${pod} }\n`,
  );
  const broken = await renderChart(release, { helm: program, signal });
  const tried = install(release, broken, { client: cluster.client, timeoutSeconds: 1, maxHistory: 4, signal });
  expect(await tried.then(String, messageOf)).toMatch(/^not ready after 1 s: Deployment apps\/web/);
  expect(history().slice(-2)).toEqual(["5 deployed", "6 failed"]);
  expect(await installed("2.1.0", ["two"])).toBe(7);
  expect(history().slice(-3)).toEqual(["5 superseded", "6 failed", "7 deployed"]);
  expect(await cluster.client.list(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments`)).toEqual([]);
});

test("as many revisions are kept as the stack says, and none when it is uninstalled", async () => {
  for (let patch = 1; patch <= 3; patch += 1) await installed(`3.0.${patch}`, ["two"]);
  expect(history()).toEqual(["7 superseded", "8 superseded", "9 superseded", "10 deployed"]);
  await uninstall(cluster.client, release, signal);
  expect(listed()).toEqual([]);
  expect(await configMaps()).toEqual([]);
});
