import { CONDITIONS } from "../../../components/network-policies/flow";
import type { Flow } from "../../../components/network-policies/flow";
import { COMPONENTS } from "../../../components/network-policies/endpoints";
import { FLOWS, flowById } from "../../../components/network-policies/flows";
import type { FlowId } from "../../../components/network-policies/flows";
import { renderDiagram, renderFlowTable } from "../../../components/network-policies/diagram";

const flows: readonly Flow[] = FLOWS;

describe("the flow table", () => {
  test("covers all 27 upstream rows", () => {
    const rows = [...new Set(flows.map((flow) => flow.row))].sort((left, right) => left - right);
    expect(rows).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
  });

  test("names every row once and can be asked by name", () => {
    expect(new Set(flows.map((flow) => flow.id)).size).toBe(flows.length);
    expect(flowById("envoy-to-scheduler")).toMatchObject({ row: 7, from: ["envoy"], to: "scheduler", ports: [9002] });
    expect(() => flowById("envoy-to-nowhere" as FlowId)).toThrow(
      'no flow "envoy-to-nowhere"; there are: operator-to-scheduler',
    );
  });

  test("gives every row a reason and a source, and every condition a row", () => {
    for (const flow of flows)
      expect([flow.id, flow.why.length > 0, flow.source.length > 0]).toEqual([flow.id, true, true]);
    // Control-plane TLS moves ports of rows that hold without it too.
    const moving = flows.some((flow) => flow.tlsPorts !== undefined) ? (["controlPlaneTls"] as const) : [];
    const used = new Set([...flows.flatMap((flow) => flow.when ?? []), ...moving]);
    expect([...used].sort()).toEqual(Object.keys(CONDITIONS).sort());
  });

  test("keeps unauthenticated ports of server pods out of every row but the kubelet's", () => {
    const closed = [5572, 7777, 9007, 9000, 9500];
    const open = flows.filter((flow) => flow.to === "server" && !flow.from.includes("kubelet"));
    expect(
      open.flatMap((flow): readonly unknown[] => [...flow.ports]).filter((port) => closed.includes(Number(port))),
    ).toEqual([]);
  });
});

describe("the diagram", () => {
  const lines = renderDiagram().split("\n");

  test("draws one arrow a pair of talkers, dotted where all of it is conditional", () => {
    expect(lines).toContain('  operator -->|"9004"| scheduler');
    expect(lines).toContain('  envoy -->|"9001, 9501"| server');
    expect(lines).toContain('  prometheus -.->|"9006, 8082, 8002"| server');
    expect(lines).toContain('  modelgateway -.->|"kafka"| kafka');
    expect(lines).toContain('  runtime -->|"53"| dns');
    const arrows = lines.filter((line) => line.includes("| "));
    const ends = arrows.map((line) => line.trim().replace(/ -.*\| /, " "));
    expect(new Set(ends).size).toBe(arrows.length);
    expect(arrows.length).toBeGreaterThan(20);
  });

  test("leaves out the kubelet and what no setting can bring about", () => {
    const text = lines.join("\n");
    for (const absent of ["kubelet", "hodometer", "schemaRegistry", "internet", "9044"])
      expect(text).not.toContain(absent);
  });

  test("declares every node that an arrow names", () => {
    const declared = new Set<string>(["runtime"]);
    for (const line of lines) {
      const node = /^ +([A-Za-z]+)(\[".*"\])?$/.exec(line)?.[1];
      if (node !== undefined && node !== "end") declared.add(node);
    }
    for (const line of lines) {
      const arrow = /^ {2}(\w+) -[-.>]+\|"[^"]*"\| (\w+)$/.exec(line);
      if (arrow !== null) expect([...declared]).toEqual(expect.arrayContaining(arrow.slice(1)));
    }
    expect(COMPONENTS.filter((component) => !declared.has(component))).toEqual(["hodometer"]);
  });
});

test("the Markdown table has a line a row, every cell in its place", () => {
  const lines = renderFlowTable()
    .split("\n")
    .filter((line) => line.startsWith("|"));
  expect(lines).toHaveLength(flows.length + 2);
  for (const line of lines) expect(line.split(/(?<!\\)\|/)).toHaveLength(9);
  expect(lines).toContain(
    "| 1 | operator | scheduler | 9004 (TLS 9044) | always | the operator tells every runtime's scheduler about Models, Pipelines and Servers and reads their state | operator/scheduler/client.go |",
  );
});
