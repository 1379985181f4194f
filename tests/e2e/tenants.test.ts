/** What a tenant's namespace may hold, against a real API server: its level, its limits and its quota do what they say. */
import { limitsResource, namespaceLabels, quotaResource } from "../../components/seldon/tenant-room";
import { runtimeValues } from "../../components/seldon/values";
import { serverResource } from "../../components/seldon/server";
import { runtimesOf } from "../../config/runtimes";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { startSimulation } from "../../sandbox/simulation";
import { seldonStack } from "../support/seldon-stack";
import { NETWORK, startTestControlPlane, type TestControlPlane } from "./support/control-plane";
import { pause } from "./support/sandbox-process";

jest.setTimeout(900_000);

interface Container {
  readonly name: string;
  readonly securityContext?: object;
}
interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext?: object;
}

/** What the charts say about every pod that they make, and about no container (setup chart 2.9.1 and 2.10.2). */
const CHART = { fsGroup: 1000, runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true };
const SERVER = ["rclone", "agent", "mlserver"];

/** A chart's pod with these containers after the operator laid ours over it: by container name, the rest field by field. */
function merged(names: readonly string[], over: Partial<PodSpec> = {}): PodSpec {
  const containers = names.map((name) => ({
    image: "registry.example.com/a:1",
    ...over.containers?.find((one) => one.name === name),
    name,
  }));
  return { ...over, containers, securityContext: { ...CHART, ...over.securityContext } };
}

const { seldon } = seldonStack({
  seldon: {
    operatorNamespace: "seldon-system",
    podSecurity: "restricted",
    servers: [{ name: "mlserver", modelVolume: { claim: "models" } }],
  },
});
const [runtime] = runtimesOf({ seldon });

describe("a tenant's namespace on a real API server", () => {
  let cluster: TestControlPlane;
  beforeAll(async () => {
    cluster = await startTestControlPlane();
    await startSimulation({ controlPlane: cluster, tools: cluster.tools, network: NETWORK, nodes: 1 });
  });
  afterAll(() => cluster?.stop());

  const apply = (object: unknown, dryRun = false) =>
    cluster.client.apply(object as KubernetesObject, { fieldManager: "test", dryRun });

  const namespace = async (name: string, level: "baseline" | "restricted" | "privileged") => {
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: namespaceLabels(level) } });
    await apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
  };

  const outcome = (object: unknown) =>
    apply(object, true).then(
      () => "accepted",
      (error: Error) => error.message,
    );

  const pod = (at: string, spec: unknown) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe", namespace: at },
    spec,
  });

  test("baseline takes the charts' pods as they are, and no pod of the node's network", async () => {
    await namespace("baseline", "baseline");
    expect(await outcome(pod("baseline", merged(SERVER)))).toBe("accepted");
    const hostNetwork = { ...merged(SERVER), hostNetwork: true };
    expect(await outcome(pod("baseline", hostNetwork))).toMatch(
      /violates PodSecurity "baseline:latest": host namespaces/,
    );
  });

  test("restricted takes every pod of a runtime with our settings, and none without", async () => {
    await namespace("restricted", "restricted");
    const server = serverResource(runtime, runtime.servers[0]!, false).spec.podSpec as PodSpec;
    const components = Object.values(
      runtimeValues({ seldon }, runtime) as unknown as Record<string, { podSpec?: PodSpec }>,
    ).flatMap(({ podSpec }) => (podSpec === undefined ? [] : [podSpec]));
    expect(components).toHaveLength(6);
    for (const over of [server, ...components]) {
      const names = over === server ? SERVER : over.containers.map(({ name }) => name);
      expect([names, await outcome(pod("restricted", merged(names, over)))]).toEqual([names, "accepted"]);
      expect(await outcome(pod("restricted", merged(names)))).toMatch(/violates PodSecurity "restricted:latest"/);
    }
  });

  test("limits give a container memory that names none, and refuse one that wants too much", async () => {
    await namespace("limited", "baseline");
    const { limits } = seldonStack({ seldon: { limits: { maxMemory: "2Gi" } } }).seldon;
    await apply({ apiVersion: "v1", kind: "LimitRange", ...limitsResource("limited", limits!) });
    const asking = (memory: string) => {
      const { containers, ...rest } = merged(["a"]);
      return { ...rest, containers: containers.map((one) => ({ ...one, resources: { limits: { memory } } })) };
    };
    for (let attempt = 0; attempt < 40; attempt++) {
      if ((await outcome(pod("limited", asking("3Gi")))) !== "accepted") break;
      await pause(250);
    }
    expect(await outcome(pod("limited", asking("3Gi")))).toMatch(/maximum memory usage per Container is 2Gi/);
    const made = (await apply(pod("limited", merged(["a"])), true)) as unknown as {
      spec: { containers: { resources: unknown }[] };
    };
    expect(made.spec.containers[0]?.resources).toEqual({
      limits: { memory: "256Mi" },
      requests: { cpu: "100m", memory: "256Mi" },
    });
  });

  test("a quota refuses a Service that the nodes would publish, and pods beyond its memory", async () => {
    await namespace("counted", "baseline");
    const quota = seldonStack({ seldon: { quota: { memory: "1Gi" } } }).seldon.quota!;
    await apply({ apiVersion: "v1", kind: "ResourceQuota", ...quotaResource("counted", quota) });
    const service = (type: string) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "published", namespace: "counted" },
      spec: { type, selector: { app: "a" }, ports: [{ port: 80 }] },
    });
    // The quota controller fills in what is counted a moment after the quota was made; until then nothing is refused.
    for (let attempt = 0; attempt < 120; attempt++) {
      if ((await outcome(service("LoadBalancer"))) !== "accepted") break;
      await pause(250);
    }
    expect(await outcome(service("LoadBalancer"))).toMatch(/exceeded quota: seldon-runtime/);
    expect(await outcome(service("NodePort"))).toMatch(/exceeded quota: seldon-runtime/);
    expect(await outcome(service("ClusterIP"))).toBe("accepted");
    const { containers, ...rest } = merged(["a"]);
    const big = {
      ...rest,
      containers: containers.map((one) => ({ ...one, resources: { limits: { memory: "2Gi" } } })),
    };
    expect(await outcome(pod("counted", big))).toMatch(/exceeded quota: seldon-runtime.*limits\.memory=2Gi/);
  });
});
