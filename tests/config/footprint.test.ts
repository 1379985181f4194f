import { footprintOf, largestContainer } from "../../config/footprint";
import { runtimesOf } from "../../config/runtimes";
import { seldonStack } from "../support/seldon-stack";
import { PIPELINES } from "../support/seldon-stack";

const MI = 2 ** 20;
const GI = 2 ** 30;

function sums(seldon: Record<string, unknown>, index = 0) {
  const config = seldonStack({ seldon });
  return footprintOf(runtimesOf(config)[index]!, { ...config, validation: { ...config.validation, probePods: false } });
}

test("a default runtime: operator, scheduler, Envoy, and one server with agent and rclone", () => {
  const { cpu, ...rest } = sums({});
  expect(cpu).toBeCloseTo(0.01 + 0.1 + 0.1 + (0.5 + 0.2 + 0.05), 6);
  expect(rest).toEqual({
    memory: 64 * MI + GI + 128 * MI + (GI + GI + 256 * MI),
    pods: 4,
    storage: 2 * GI,
    volumeClaims: 2,
  });
});

test("a tenant has no operator, its own servers at their largest, and the stack's sizes", () => {
  const servers = [{ name: "big", memory: "4Gi", autoscaling: { minReplicas: 1, maxReplicas: 3 } }];
  const seldon = {
    tenants: [{ namespace: "a", servers }],
    mlserver: { modelStorage: "10Gi" },
    agent: { memory: "512Mi" },
    envoy: { replicas: 2 },
  };
  expect(sums(seldon, 1)).toMatchObject({
    memory: GI + 2 * 128 * MI + 3 * (4 * GI + 512 * MI + 256 * MI),
    pods: 1 + 2 + 3,
    storage: GI + 30 * GI,
    volumeClaims: 4,
  });
});

test("pipelines add their three components, larger from 2.10 on", () => {
  const added = (version: string) => sums({ ...PIPELINES, version }).memory - sums({ version }).memory;
  expect(added("2.9.1")).toBe(3e9);
  expect(added("2.10.2")).toBe(5e9);
});

test("the validation's probe pods are counted while they may run", () => {
  const config = seldonStack();
  const [runtime] = runtimesOf(config);
  expect(footprintOf(runtime, config).memory - sums({}).memory).toBe(20 * 128 * MI);
});

test.each([
  [
    "the scheduler where all are small",
    { servers: [{ name: "m", memory: "512Mi" }], agent: { memory: "256Mi" } },
    "the scheduler",
    "1Gi",
  ],
  ["a server", { servers: [{ name: "m" }, { name: "big", memory: "8Gi" }] }, "server big", "8Gi"],
  ["the dataflow engine", PIPELINES, "the dataflow engine", "3G"],
])("the largest container: %s", (_, seldon, what, memory) => {
  const config = seldonStack({ seldon });
  expect(largestContainer(runtimesOf(config)[0], config)).toEqual({ what, memory });
});
