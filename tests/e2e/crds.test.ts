/** Every custom resource that a stack renders, against the real API server with the real CRDs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { fields, type KubernetesObject } from "../../sandbox/api/objects";
import { filledIn } from "../../sandbox/engine/chart-files";
import { parseDocuments, readDocumentFile } from "../../sandbox/simulation/documents";
import { startSimulation } from "../../sandbox/simulation";
import { evaluate, evaluateStack, type Evaluation } from "../../tools/plan/evaluate";
import { goldenStacks } from "../../tools/plan/golden";
import { edgeDefinitions, groupOf, skipped } from "../support/edge-definitions";
import { PROMETHEUS_OPERATOR, provideModule } from "../support/go-module";
import { COMBINATIONS, stackOf, titleOf } from "../support/matrix";
import { renderedObjects } from "../support/rendered-objects";
import { NETWORK, startTestControlPlane, type TestControlPlane } from "./support/control-plane";
import { pause, PROJECT } from "./support/sandbox-process";

jest.setTimeout(900_000);

const UPSTREAM = join(PROJECT, "../shared/upstream");
const CUSTOM_GROUPS =
  /^(operator\.tigera\.io|crd\.projectcalico\.org|mlops\.seldon\.io|monitoring\.coreos\.com|cert-manager\.io|traefik\.io|networking\.istio\.io)\//;
const FIELD_MANAGER = "test";

/** The SeldonRuntime of the stand-in chart, with the chart's own values. */
function standInRuntime(): KubernetesObject {
  const chart = join(PROJECT, "sandbox/stand-ins/charts/seldon-core-v2-runtime");
  const text = (file: string) => readFileSync(join(chart, file), "utf8");
  const [runtime] = parseDocuments(
    filledIn(text("profiles/models.yaml"), fields(load(text("values.yaml"))), chart),
    chart,
  );
  return runtime!;
}

interface RenderedStack {
  readonly stack: string;
  /** Folders below ../shared/upstream with the CRDs of its versions. */
  readonly upstream: readonly string[];
  readonly objects: readonly KubernetesObject[];
}

function render({ stack, resources }: Evaluation): RenderedStack {
  const objects = renderedObjects(resources);
  const charts = resources.flatMap(({ inputs: { chart } }) => (typeof chart === "string" ? [chart] : []));
  const versionOf = (chart: string) => charts.flatMap((path) => path.split(`/${chart}-`)[1] ?? [])[0] ?? "";
  const upstream = [`calico-v${versionOf("tigera-operator")}`, `seldon-core-v${versionOf("seldon-core-v2-crds")}`];
  return { stack, upstream: upstream.filter((folder) => !folder.endsWith("-v")), objects };
}

// What is skipped has its reason in its name, so that a report without ../shared or Go says what it lacks.
const withCrds = existsSync(UPSTREAM) ? describe : describe.skip;
const monitoring = provideModule(PROMETHEUS_OPERATOR);
const withMonitoring =
  "folder" in monitoring
    ? "and of the prometheus-operator"
    : `(its monitors and rules are skipped: ${monitoring.absent})`;

const edge = edgeDefinitions();
const absentGroups = edge.flatMap(({ groups, found }) => ("absent" in found ? groups : []));

withCrds(`with the CRDs of ../shared/upstream ${withMonitoring}, and of the edge${skipped(edge)}`, () => {
  let cluster: TestControlPlane;
  let stacks: readonly RenderedStack[];

  beforeAll(async () => {
    const rendered: RenderedStack[] = [];
    for (const { stack, file } of goldenStacks()) rendered.push(render(await evaluateStack(stack, file)));
    stacks = rendered;
    cluster = await startTestControlPlane();
    for (const { groups, found } of edge)
      if ("text" in found) for (const crd of parseDocuments(found.text, groups.join(", "))) await apply(crd);
    if (!("folder" in monitoring)) return;
    for (const plural of ["podmonitors", "servicemonitors", "prometheusrules"]) {
      const file = `example/prometheus-operator-crd/monitoring.coreos.com_${plural}.yaml`;
      for (const crd of readDocumentFile(join(monitoring.folder, file))) await apply(crd);
    }
  });

  afterAll(() => cluster?.stop());

  const apply = (object: KubernetesObject, dryRun = false) =>
    cluster.client.apply(object, { fieldManager: FIELD_MANAGER, dryRun });

  const installed: Record<string, string> = {};

  async function install(folders: readonly string[]): Promise<void> {
    for (const folder of folders) {
      const product = folder.replace(/-v.*/, "");
      if (installed[product] === folder) continue;
      installed[product] = folder;
      for (const crd of readDocumentFile(join(UPSTREAM, folder, "crds.yaml"))) await apply(crd);
    }
  }

  /** The API server takes a changed CRD into use a moment after it has been written. */
  async function applied(object: KubernetesObject): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      try {
        await apply(object, true);
        return "accepted";
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (attempt === 10) return message;
        await pause(300);
      }
    }
  }

  async function namespaces(objects: readonly KubernetesObject[]): Promise<void> {
    const names = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
    for (const name of names) await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  test("every object of every stack is accepted, and a field that does not exist is refused for each kind", async () => {
    const refusedKinds = new Map<string, string>();
    for (const { stack, upstream, objects } of stacks) {
      await install(upstream);
      await namespaces(objects);
      const known = objects.filter(
        (object) =>
          ("folder" in monitoring || groupOf(object) !== "monitoring.coreos.com") &&
          !absentGroups.includes(groupOf(object)),
      );
      for (const object of known) {
        const name = `${stack}: ${object.kind} ${object.metadata.name}`;
        expect([name, await applied(object)]).toEqual([name, "accepted"]);
        const key = `${upstream.join(" ")} ${object.apiVersion} ${object.kind}`;
        if (refusedKinds.has(key) || !CUSTOM_GROUPS.test(object.apiVersion)) continue;
        const wrong = { ...object, spec: { ...object.spec, replicaz: 1 } };
        const refusal = await apply(wrong, true).then(
          () => "accepted",
          (error: Error) => error.message,
        );
        expect([key, refusal]).toEqual([key, expect.stringContaining(".spec.replicaz: field not declared in schema")]);
        refusedKinds.set(key, refusal);
      }
    }
    const kinds = [...refusedKinds.keys()].map((key) => key.split(" ").at(-1));
    expect(kinds).toEqual(
      expect.arrayContaining(["FelixConfiguration", "Installation", "APIServer", "Server", "Model"]),
    );
  });

  test("every combination of a production stack is accepted", async () => {
    const tried = new Set<string>();
    for (const combination of COMBINATIONS) {
      const { upstream, objects } = render(await evaluate(stackOf(combination)));
      await install(upstream);
      await namespaces(objects);
      for (const object of objects) {
        // Most objects are the same in most combinations; each is tried once a line of Calico.
        const key = `${combination.calico} ${JSON.stringify(object)}`;
        if (tried.has(key) || absentGroups.includes(groupOf(object))) continue;
        tried.add(key);
        const name = `${titleOf(combination)}: ${object.kind} ${object.metadata.name}`;
        expect([name, await applied(object)]).toEqual([name, "accepted"]);
      }
    }
    expect(tried.size).toBeGreaterThan(COMBINATIONS.length);
  });

  test("the simulated operators and stages satisfy the real schemas", async () => {
    const dev = stacks.find(({ stack }) => stack === "dev");
    const objects = dev?.objects.filter(({ apiVersion }) => CUSTOM_GROUPS.test(apiVersion)) ?? [];
    await install(dev?.upstream ?? []);
    await namespaces(objects);
    const { client, tools, supervisor } = cluster;
    await startSimulation({ controlPlane: cluster, tools, network: NETWORK, nodes: 2 });
    const namespace = objects.find(({ kind }) => kind === "Model")?.metadata.namespace ?? "";
    const runtime = standInRuntime();
    const custom = [...objects, { ...runtime, metadata: { ...runtime.metadata, namespace } }];
    for (const object of custom) await apply(object);

    const readyOf = async (path: string, ready: (status: Record<string, unknown>) => boolean) => {
      for (;;) {
        supervisor.death.throwIfAborted();
        const found = (await client.get(path)) as KubernetesObject | undefined;
        if (found && ready(found.status ?? {})) return;
        await pause(100);
      }
    };
    const condition = (type: string) => (status: Record<string, unknown>) =>
      ((status["conditions"] ?? []) as { type: string; status: string }[]).some(
        (entry) => entry.type === type && entry.status === "True",
      );
    const seldon = `/apis/mlops.seldon.io/v1alpha1/namespaces/${namespace}`;
    for (const { kind, metadata } of custom) {
      if (kind === "Model") await readyOf(`${seldon}/models/${metadata.name}`, condition("Ready"));
      if (kind === "Server") await readyOf(`${seldon}/servers/${metadata.name}`, condition("Ready"));
      if (kind === "SeldonRuntime") await readyOf(`${seldon}/seldonruntimes/${metadata.name}`, condition("Ready"));
    }
    await readyOf("/apis/operator.tigera.io/v1/installations/default", condition("Ready"));
    await readyOf("/apis/operator.tigera.io/v1/apiservers/default", ({ state }) => state === "Ready");
    for (const name of ["calico", "ippools", "apiserver"]) {
      await readyOf(`/apis/operator.tigera.io/v1/tigerastatuses/${name}`, condition("Available"));
    }
    await readyOf(
      `/apis/apps/v1/namespaces/${namespace}/statefulsets/mlserver`,
      ({ readyReplicas }) => readyReplicas === 1,
    );
    expect(supervisor.running).toHaveLength(6);
  });
});
