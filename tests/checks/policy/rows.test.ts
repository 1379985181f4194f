/** Which lines of the truth table are probed, by whom, and that each says what the flow table says. */
import { isComponent } from "../../../components/network-policies/endpoints";
import { renderPolicies } from "../../../components/network-policies/render";
import { policyContext } from "../../../components/network-policies/context";
import { policyContextOf } from "../../../checks/policy/context";
import type { Parties } from "../../../checks/policy/outside-rows";
import type { Places } from "../../../checks/policy/places";
import type { Row } from "../../../checks/policy/row";
import { isAllowed, rowsOf } from "../../../checks/policy/rows";
import { activeFlows, componentsOf, portsOf, probedNamespaces, type Site, sitesOf } from "../../../checks/policy/sites";
import { showSide } from "../../../checks/policy/checks";
import { subjectOf } from "../../../checks/subject";
import type { StackConfig } from "../../../config/schema";
import { allows, type Host } from "../../support/policy-evaluator";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";

const TWO: Places = { here: "node-1", there: "node-2" };
const PARTIES: Parties = {
  apiServer: { address: "10.43.0.1", port: 443 },
  dns: true,
  kafka: "seldon-kafka-bootstrap.kafka:9093",
};

function planOf(config: StackConfig, places = TWO, absent: readonly string[] = []) {
  const context = policyContextOf(subjectOf("test", config))!;
  const sites = sitesOf(context, { places, strangers: "seldon-k3s-policy-r1", absent: new Set(absent) });
  return { config, context, sites, rows: rowsOf(context, sites, PARTIES) };
}

const CONFIGS: Record<string, StackConfig> = {
  models: seldonStack(),
  "models, monitored": seldonStack({ policies: { monitoringNamespace: "monitoring" } }),
  pipelines: seldonStack({ seldon: PIPELINES, policies: { monitoringNamespace: "monitoring" } }),
  tenants: seldonStack({ seldon: { tenants: [{ namespace: "tenant-a" }, { namespace: "tenant-b" }] } }),
  "tenants, the operator in a namespace of its own": seldonStack({
    seldon: { operatorNamespace: "seldon-system", tenants: [{ namespace: "tenant-a" }, { namespace: "tenant-b" }] },
  }),
  "the operator in a namespace of its own": seldonStack({ seldon: { operatorNamespace: "seldon-system" } }),
};

const show = ({ from, to, port }: Row): string => `${showSide(from)} -> ${showSide(to)}:${port}`;

describe.each(Object.entries(CONFIGS))("%s", (_, config) => {
  const { context, sites, rows } = planOf(config);
  const site = (key: string): Site => sites.find((one) => one.key === key)!;

  test("every flow that holds between pods is probed, from its callers of each probed namespace", () => {
    const probed = new Set(rows.map(({ flow }) => flow));
    expect(activeFlows(context).filter(({ id }) => !probed.has(id))).toEqual([]);
    for (const flow of activeFlows(context)) {
      if (!isComponent(flow.to) || flow.from.includes("kubelet")) continue;
      const callers = rows.filter((row) => row.flow === flow.id).map(({ from }) => from.endpoint);
      expect([...new Set(callers)].sort()).toEqual([...flow.from].sort());
    }
  });

  test("every port of every component is closed to one of its own namespace and to one of another", () => {
    const open: string[] = [];
    for (const namespace of probedNamespaces(context)) {
      for (const component of componentsOf(context, namespace)) {
        for (const port of portsOf(component)) {
          const closed = rows.filter(
            (row) =>
              !isAllowed(row) && row.to.endpoint === component && row.to.namespace === namespace && row.port === port,
          );
          const own = closed.some(({ from }) => from.namespace === namespace);
          const other = closed.some(({ from }) => from.namespace === undefined);
          const across = closed.some(({ paths }) =>
            paths.some(({ from, to }) => typeof to === "string" && site(from).node !== site(to).node),
          );
          if (!own || !other || !across) open.push(`${namespace}/${component}:${port}: ${own} ${other} ${across}`);
        }
      }
    }
    expect(open).toEqual([]);
  });

  test("no line is there twice, none connects a pod with itself, and each has its pods", () => {
    expect(new Set(rows.map(show)).size).toBe(rows.length);
    for (const { paths } of rows) {
      for (const { from, to } of paths) {
        expect(site(from)).toBeDefined();
        if (typeof to !== "string") continue;
        expect(site(to)).toBeDefined();
        expect(from).not.toBe(to);
      }
    }
  });

  test("the rendered policies let through exactly what the lines say", () => {
    const policies = renderPolicies(policyContext(config));
    const host = ({ namespace, labels, node }: Site): Host => ({
      kind: "pod",
      namespace,
      labels,
      ip: node === "node-1" ? "10.42.1.9" : "10.42.2.9",
    });
    const wrong = rows.flatMap((row) =>
      row.paths.flatMap(({ from, to }) => {
        if (typeof to !== "string") return [];
        const got = allows(policies, { from: host(site(from)), to: host(site(to)), port: row.port, protocol: "TCP" });
        return got === isAllowed(row) ? [] : [`${show(row)} from ${from}: ${got}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the plan of a small stack", () => {
  const { sites, rows } = planOf(CONFIGS["models"]!);

  test("has two pods a component and few others", () => {
    expect(sites.map(({ key, namespace }) => `${namespace}/${key}`).sort()).toEqual([
      "financial-ml/financial-ml-bystander-there",
      "financial-ml/financial-ml-envoy-here",
      "financial-ml/financial-ml-envoy-there",
      "financial-ml/financial-ml-operator-here",
      "financial-ml/financial-ml-operator-there",
      "financial-ml/financial-ml-scheduler-here",
      "financial-ml/financial-ml-scheduler-there",
      "financial-ml/financial-ml-server-here",
      "financial-ml/financial-ml-server-there",
      "kube-system/client-0-there",
      "seldon-k3s-policy-r1/stranger-envoy-there",
      "seldon-k3s-policy-r1/stranger-server-here",
    ]);
  });

  test("allows exactly these", () => {
    expect(rows.filter(isAllowed).map(show)).toEqual([
      "stranger as envoy -> stranger as server:8481",
      "stranger as server -> stranger as envoy:8481",
      "operator (financial-ml) -> scheduler (financial-ml):9004",
      "server (financial-ml) -> scheduler (financial-ml):9005",
      "envoy (financial-ml) -> scheduler (financial-ml):9002",
      "client (kube-system) -> envoy (financial-ml):9000",
      "envoy (financial-ml) -> server (financial-ml):9001",
      "envoy (financial-ml) -> server (financial-ml):9501",
      "server (financial-ml) -> envoy (financial-ml):9000",
      "kubelet -> operator (financial-ml):8081",
      "kubelet -> scheduler (financial-ml):9999",
      "kubelet -> envoy (financial-ml):9003",
      "kubelet -> server (financial-ml):9000",
      "operator (financial-ml) -> apiserver:6443",
      "server (financial-ml) -> apiserver:6443",
      "server (financial-ml) -> storage:443",
      "operator (financial-ml) -> dns:53",
      "scheduler (financial-ml) -> dns:53",
      "envoy (financial-ml) -> dns:53",
      "server (financial-ml) -> dns:53",
    ]);
  });

  test("tries an allowed line on the same node and across nodes, and sharp ones where it must be closed", () => {
    const line = (text: string) => rows.find((row) => show(row) === text)?.paths.map(({ from, to }) => [from, to]);
    expect(line("envoy (financial-ml) -> scheduler (financial-ml):9002")).toEqual([
      ["financial-ml-envoy-here", "financial-ml-scheduler-here"],
      ["financial-ml-envoy-there", "financial-ml-scheduler-here"],
    ]);
    // Envoy may use 9002 of the scheduler; 9004 of the same pod is closed to it, or to the server, who may use 9005.
    const closed = rows.filter(
      (row) => !isAllowed(row) && row.to.endpoint === "scheduler" && row.from.namespace === "financial-ml",
    );
    expect(
      closed
        .filter(({ from }) => from.endpoint !== "another pod")
        .every(({ from }) => ["operator", "server", "envoy"].includes(from.endpoint)),
    ).toBe(true);
    expect(rows.map(show)).toEqual(
      expect.arrayContaining([
        "stranger as server -> scheduler (financial-ml):9005",
        "stranger as envoy -> server (financial-ml):9001",
        "another pod (financial-ml) -> scheduler (financial-ml):9002",
        "scheduler (financial-ml) -> apiserver:6443",
        "another pod (financial-ml) -> apiserver:6443",
        "server (financial-ml) -> a pod elsewhere:8481",
      ]),
    );
  });

  test("a party without an address is not probed, with the reason", () => {
    expect(rows.find(({ to }) => to.endpoint === "storage")).toMatchObject({ paths: [], skip: /names address ranges/ });
  });
});

test("runtimes are kept apart: what is allowed at home is closed to the neighbour's", () => {
  const { rows, sites } = planOf(CONFIGS["tenants"]!);
  const lines = rows.filter((row) => !isAllowed(row)).map(show);
  expect(lines).toEqual(
    expect.arrayContaining([
      "server (tenant-a) -> scheduler (financial-ml):9005",
      "envoy (tenant-a) -> server (financial-ml):9001",
      "server (financial-ml) -> scheduler (tenant-a):9005",
    ]),
  );
  expect(rows.filter(isAllowed).map(show)).toContain("operator (financial-ml) -> scheduler (tenant-a):9004");
  expect(sites.some(({ namespace }) => namespace === "tenant-b")).toBe(false);
});

test("on one node everything is tried there", () => {
  const { sites, rows } = planOf(CONFIGS["models"]!, { here: "only" });
  expect(new Set(sites.map(({ node }) => node))).toEqual(new Set(["only"]));
  expect(new Set(sites.map(({ key }) => key)).size).toBe(sites.length);
  expect(rows.find((row) => show(row) === "envoy (financial-ml) -> scheduler (financial-ml):9002")?.paths).toEqual([
    { from: "financial-ml-envoy-here", to: "financial-ml-scheduler-here" },
  ]);
});

test("a client whose namespace does not exist is told", () => {
  const { sites, rows } = planOf(CONFIGS["models"]!, TWO, ["kube-system"]);
  expect(sites.filter(({ role }) => role === "party")).toEqual([]);
  expect(rows.find(({ from }) => from.endpoint === "client")?.skip).toBe("namespace kube-system does not exist");
});
