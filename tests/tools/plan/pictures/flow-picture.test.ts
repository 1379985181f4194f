import { stackSchema } from "../../../../config/schema";
import { FLOWS } from "../../../../components/network-policies/flows";
import { columnsOf, flowLines, flowPicture } from "../../../../tools/plan/pictures/flow-picture";

const config = (more: object = {}) =>
  stackSchema.parse({
    cluster: { name: "example", kubeconfigFile: "kubeconfig.yaml", endpoint: "https://192.0.2.10:6443" },
    network: { nodeCidrs: ["192.0.2.0/24"] },
    ...more,
  });

const pipelines = config({
  seldon: { profile: "pipelines", kafka: { bootstrap: "kafka.example.com:9093", cidrs: ["198.51.100.0/24"] } },
});

describe("flows of a stack", () => {
  test("are the rows that hold, one arrow for each who asks", () => {
    const lines = flowLines(config());
    expect(lines).toContainEqual({
      from: "envoy",
      to: "server",
      ports: "9001, 9501",
      why: FLOWS.find(({ id }) => id === "envoy-to-server")?.why,
    });
    expect(lines.filter(({ to }) => to === "kafka")).toEqual([]);
    expect(lines.find(({ to }) => to === "dns")).toMatchObject({ from: "any", ports: "53 UDP+TCP" });
  });

  test("have the ports that the stack configures", () => {
    const kafka = flowLines(pipelines).filter(({ to }) => to === "kafka");
    expect(kafka.map(({ from, ports }) => [from, ports])).toEqual([
      ["modelgateway", "9093"],
      ["pipelinegateway", "9093"],
      ["dataflow", "9093"],
    ]);
  });

  test("every party has a column: those who ask, our pods, those who are asked", () => {
    const columns = columnsOf(flowLines(pipelines));
    for (const { from, to } of flowLines(pipelines).filter(({ from: party }) => party !== "any")) {
      expect(columns).toContain(from);
      expect(columns).toContain(to);
    }
    expect(columns.indexOf("kubelet")).toBeLessThan(columns.indexOf("operator"));
    expect(columns.indexOf("dataflow")).toBeLessThan(columns.indexOf("apiserver"));
  });

  test("picture: every arrow says its ports and why; texts are escaped", () => {
    const svg = flowPicture("a<b>&c", pipelines);
    expect(svg).toContain("in stack a&lt;b&gt;&amp;c");
    expect(svg.match(/marker-end/g)).toHaveLength(flowLines(pipelines).length);
    expect(svg).toContain("<title>envoy to server, 9001, 9501: inference requests to the agent's reverse proxies");
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
  });
});
