/** A kubeconfig of another cluster: the deployment stops before its first write. */
import { relative } from "node:path";
import { deployInProcess } from "../../sandbox/engine/in-process";
import { prepareCharts } from "../../sandbox/charts";
import { readStack, withRunValues } from "../../sandbox/stack";
import { chartsOf } from "../../tools/charts/pinned";
import { startTestControlPlane, type TestControlPlane } from "./support/control-plane";
import { PROJECT } from "./support/sandbox-process";

jest.setTimeout(300_000);

const OTHER_UID = "11111111-2222-4333-8444-555555555555";

let cluster: TestControlPlane;

beforeAll(async () => {
  cluster = await startTestControlPlane();
});

afterAll(() => cluster?.stop());

const namespaceNames = async () =>
  (await cluster.client.list("/api/v1/namespaces")).map(({ metadata }) => metadata.name).sort();

test("the identity gate stops the deployment, and the cluster is untouched", async () => {
  const charts = cluster.run.folder("charts");
  const before = await namespaceNames();
  const named = withRunValues(readStack(PROJECT, "sandbox"), {
    kubeconfigFile: cluster.kubeconfig,
    uid: OTHER_UID,
    endpoint: cluster.server,
    chartsFolder: relative(PROJECT, charts),
  });
  const { signal } = new AbortController();
  await prepareCharts({
    needed: chartsOf(named.config),
    target: charts,
    given: null,
    project: PROJECT,
    pulled: "",
    cache: "",
    profile: named.config.seldon.profile,
    signal,
  });
  const lines: string[] = [];
  const deployment = deployInProcess({ project: PROJECT, stack: named, signal, say: (line) => lines.push(line) });
  await expect(deployment).rejects.toThrow(/^command:local:Command "cluster-identity": .*ended with 1/);
  await expect(deployment).rejects.toThrow(OTHER_UID);
  expect(lines.filter((line) => line.startsWith("+ kubernetes:"))).toEqual([]);
  expect(await namespaceNames()).toEqual(before);
});
