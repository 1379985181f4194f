import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { caveatsOf, changesOf } from "../../../checks/bench/compare";
import { benchHtml } from "../../../checks/bench/report-html";
import { benchMarkdown, benchText } from "../../../checks/bench/report-text";
import { readResult, resultText } from "../../../checks/bench/result";
import { path, resultOf, round } from "../support/bench";
import { all, readXml } from "../support/strict-xml";

const rounds = (...values: number[]) => values.map((ms) => round(ms, 1000 / ms, ms / 2));
const usage = [{ pod: "calico-system/calico-node-x", node: "s1", cpuMillicores: 31.4, memoryMiB: 120 }];

const BEFORE = resultOf(
  [
    path("pod-across-nodes", rounds(1, 1.1, 1.2, 1.3, 1.4)),
    path("service", rounds(2, 2, 2, 2, 2)),
    path("gone", rounds(1)),
  ],
  { cni: "flannel", at: "2026-11-22T01:00:00.000Z" },
);
const AFTER = resultOf(
  [
    path("pod-across-nodes", rounds(0.5, 0.6, 0.7, 0.8, 0.9)),
    path("service", rounds(1, 2, 2, 2, 3)),
    path("inference", rounds(9)),
  ],
  { usage, skipped: [{ id: "agent-same-node", reason: "no server pod holds | the smoke model" }] },
);

describe("changesOf", () => {
  it("has every figure that both runs have, told apart only where their rounds do not meet", () => {
    const told = changesOf(BEFORE, AFTER).map(({ path, metric, difference }) => `${path} ${metric.id} ${difference}`);
    expect(told).toEqual([
      ...["p50 lower", "p90 lower", "p99 lower", "connect lower", "perSecond higher"].map(
        (one) => `pod-across-nodes ${one}`,
      ),
      ...["p50", "p90", "p99", "connect", "perSecond"].map((one) => `service ${one} within the spread`),
    ]);
  });

  it("names what makes two runs hard to compare", () => {
    expect(caveatsOf(BEFORE, AFTER)).toEqual(["Not measured this time: gone."]);
    const settings = { ...AFTER.settings, requests: 20 };
    const moved = [path("service", rounds(2), { to: "elsewhere" })];
    expect(caveatsOf(BEFORE, resultOf(moved, { settings, uid: "other", image: "i", kubernetes: "v1" }))).toEqual([
      "The two runs are of different clusters.",
      "Kubernetes was v1.33.8+k3s1 and is v1.",
      "Another image measured: mlserver:1.7.1 before, i now.",
      "Measured with other settings: requests 200 and 20.",
      "Not measured this time: pod-across-nodes, gone.",
      "Between other pods or nodes than before: service.",
    ]);
  });
});

describe("a baseline", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "bench-"))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const file = (text: string): string => {
    writeFileSync(join(folder, "b.json"), text);
    return join(folder, "b.json");
  };

  it("is read as it was written", () => {
    expect(readResult(file(resultText(AFTER)))).toEqual(AFTER);
  });

  it.each([
    ["", /b\.json is not JSON; fix: name a file that --save wrote/],
    ["{}", /is no result of version 1:\n- version: /],
    [resultText({ ...AFTER, version: 2 as 1 }), /is no result of version 1:\n- version: Invalid input/],
    [resultText({ ...AFTER, paths: [path("x", [])] }), /- paths\.0\.rounds: /],
  ])("that is %j is refused", (text, message) => {
    expect(() => readResult(file(text))).toThrow(message);
  });

  it("that is not there is refused", () => {
    expect(() => readResult(join(folder, "none"))).toThrow(/--compare: .*none cannot be read: ENOENT; fix:/);
  });
});

it("as text: figures with their spread, before and after, what was not measured, how to read it", () => {
  const lines = benchText({ result: AFTER, before: BEFORE }).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "seldon-k3s bench:network: stack staging",
    "now     calico, Kubernetes v1.33.8+k3s1, 2026-11-23 02:00 UTC",
    "before  flannel, Kubernetes v1.33.8+k3s1, 2026-11-22 01:00 UTC",
  ]);
  const text = lines.join("\n");
  expect(text).toMatch(/^pod-across-nodes +0\.7 \(0\.5 to 0\.9\) .* 0$/m);
  expect(text).toMatch(/^inference +9 +13\.5 +13\.5 +4\.5 +111 +0$/m);
  expect(text).toMatch(/^pod-across-nodes +p50, ms +1\.2 \(1 to 1\.4\) +0\.7 \(0\.5 to 0\.9\) +0\.58 x +lower$/m);
  expect(text).toMatch(/^service +p50, ms .* 1\.00 x +within the spread$/m);
  expect(text).toContain("agent-same-node: no server pod holds | the smoke model");
  expect(text).toContain("chance alone does that in 0.8 % of all figures");
});

it("says that few rounds tell nothing apart", () => {
  const few = resultOf([path("service", rounds(1))], { settings: { ...AFTER.settings, rounds: 1 } });
  expect(benchText({ result: few, before: BEFORE })).toContain(
    "With fewer than 4 rounds on each side nothing is told apart.",
  );
});

it("as Markdown: tables that nothing in a name can break", () => {
  const text = benchMarkdown({ result: AFTER });
  const tables = text.split("\n").filter((line) => line.startsWith("|"));
  expect(tables.slice(0, 3)).toEqual([
    "| path | p50, ms | p90, ms | p99, ms | connect p50, ms | answers, 1/s | failed |",
    "|---|---|---|---|---|---|---|",
    expect.stringMatching(/^\| title of pod-across-nodes \| 0\.7 \(0\.5 to 0\.9\) \|/),
  ]);
  expect(text).toContain("no server pod holds \\| the smoke model");
});

describe("as a page", () => {
  const root = readXml(benchHtml({ result: AFTER, before: BEFORE }));

  it("has plots of both runs, tables, and loads nothing", () => {
    const ids = all(root, "section").map(({ attributes }) => attributes.id);
    expect(ids).toEqual(["latency", "throughput", "changes", "figures", "cni", "skipped", "how"]);
    expect(all(root, "script").concat(all(root, "link"), all(root, "img"))).toEqual([]);
  });

  it("draws what was measured: slower further right, each round a dot, p50 before p99", () => {
    const [latency, throughput] = all(root, "svg");
    const groups = all(latency!, "g").filter(
      ({ attributes, children }) => attributes.class !== undefined && children[0]?.name === "title",
    );
    // Two paths of both runs, and one of the second alone.
    expect(groups.map(({ attributes }) => attributes.class)).toEqual(["s0", "s1", "s0", "s1", "s1"]);
    const [before, after] = groups;
    expect(all(before!, "circle")).toHaveLength(15);
    const strokes = (group: typeof before): number[] =>
      all(group!, "line").map(({ attributes }) => Number(attributes.x1));
    expect(strokes(before)[0]!).toBeGreaterThan(strokes(after)[0]!);
    expect(strokes(before)[0]!).toBeLessThan(strokes(before)[2]!);
    const bars = all(throughput!, "rect").filter(({ attributes }) => attributes.class === "bar");
    expect(bars).toHaveLength(5);
    expect(Number(bars[1]!.attributes.width)).toBeGreaterThan(Number(bars[0]!.attributes.width));
  });

  it("without a baseline has no comparison, and without paths no plot", () => {
    const alone = readXml(benchHtml({ result: AFTER }));
    expect(all(alone, "section").map(({ attributes }) => attributes.id)).not.toContain("changes");
    const nothing = readXml(benchHtml({ result: resultOf([]) }));
    expect(all(nothing, "svg")).toEqual([]);
  });
});
