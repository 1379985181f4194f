import { parseConfig } from "../../config/parse";
import {
  isClusterWide,
  operatorNamespace,
  runtimeNamespaces,
  runtimesOf,
  seldonNamespaces,
  serverLists,
} from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { changed } from "./cases/case";

function configOf(set: Record<string, unknown> = {}): StackConfig {
  const { config, faults } = parseConfig(changed(set), new Set());
  if (config === undefined) throw new Error(JSON.stringify(faults));
  return config;
}

const TENANTS = { "seldon.tenants": [{ namespace: "a" }, { namespace: "b" }] };
const SYSTEM = { "seldon.operatorNamespace": "seldon-system" };

test.each([
  ["one runtime", {}, ["financial-ml"], "financial-ml", ["financial-ml"], false],
  ["tenants", TENANTS, ["financial-ml", "a", "b"], "financial-ml", ["financial-ml", "a", "b"], true],
  ["an operator of its own", SYSTEM, ["financial-ml"], "seldon-system", ["seldon-system", "financial-ml"], true],
  [
    "both",
    { ...TENANTS, ...SYSTEM },
    ["financial-ml", "a", "b"],
    "seldon-system",
    ["seldon-system", "financial-ml", "a", "b"],
    true,
  ],
  [
    "the operator's namespace written out",
    { "seldon.operatorNamespace": "financial-ml" },
    ["financial-ml"],
    "financial-ml",
    ["financial-ml"],
    false,
  ],
])("namespaces with %s", (_, set, runtimes, operator, all, clusterWide) => {
  const config = configOf(set);
  expect(runtimeNamespaces(config)).toEqual(runtimes);
  expect(operatorNamespace(config)).toBe(operator);
  expect(seldonNamespaces(config)).toEqual(all);
  expect(isClusterWide(config)).toBe(clusterWide);
});

describe("a tenant", () => {
  const config = configOf({
    "seldon.servers": [{ name: "mlserver", replicas: 2 }],
    "seldon.quota": { pods: 50 },
    "seldon.podSecurity": "privileged",
    "seldon.host": "models.example.com",
    "ingress.provider": "traefik",
    "seldon.tenants": [
      { namespace: "a" },
      {
        namespace: "b",
        servers: [{ name: "own" }],
        quota: { pods: 40 },
        limits: { maxMemory: "4Gi" },
        podSecurity: "restricted",
        host: "b.example.com",
        smokeModel: { memory: "1Mi" },
      },
    ],
  });
  const [first, inheriting, own] = runtimesOf(config);

  test("has from the stack what it does not name, but neither host nor Model", () => {
    expect(inheriting).toEqual({
      ...first,
      namespace: "a",
      path: "seldon.tenants[0]",
      host: undefined,
      smokeModel: undefined,
    });
    expect(first).toMatchObject({ host: "models.example.com", smokeModel: { name: "test-model-simple" } });
  });

  test("has its own where it names it, and fills its Model up", () => {
    expect(own).toMatchObject({
      path: "seldon.tenants[1]",
      serversPath: "seldon.tenants[1]",
      servers: [{ name: "own", replicas: 1 }],
      quota: { pods: 40, publishedServices: 0 },
      limits: { maxMemory: "4Gi", defaultMemory: "256Mi" },
      podSecurity: "restricted",
      host: "b.example.com",
      smokeModel: { ...config.seldon.smokeModel, memory: "1Mi" },
    });
  });

  test("has a list of servers of its own only where it names one", () => {
    expect(serverLists(config).map(({ path, servers }) => [path, servers.map(({ name }) => name)])).toEqual([
      ["seldon.servers", ["mlserver"]],
      ["seldon.tenants[1].servers", ["own"]],
    ]);
  });
});
