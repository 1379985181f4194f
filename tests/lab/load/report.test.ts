import { loadManifests } from "./manifests";
import { loadReport, parseLines, renderLoad, type LoadLine } from "./report";

const line = (fields: Partial<LoadLine>): LoadLine => ({
  time: 100.5,
  from: "s1",
  pod: "client",
  to: "a1",
  mode: "service",
  requests: 50,
  failures: 0,
  wrongSources: 0,
  gapMs: 21,
  slowestMs: 2,
  ...fields,
});

test("lines of several clients of a node become one pair; a client that is warming up is told apart", () => {
  const report = loadReport([
    line({}),
    line({ pod: "next", time: 101.5, failures: 2, gapMs: 1200, stallMs: 700, fault: "timeout" }),
    line({ pod: "next", time: 100.6, warming: true, failures: 7, gapMs: 0 }),
    line({ mode: "stream", requests: 20, slowestMs: 9, time: 102 }),
    line({ from: "a1", to: "s1", wrongSources: 1, fault: "the server saw 10.42.1.0", time: 100.1 }),
  ]);
  expect(report.pairs).toEqual([
    expect.objectContaining({ from: "a1", to: "s1", mode: "service", requests: 50, wrongSources: 1 }),
    {
      from: "s1",
      to: "a1",
      mode: "service",
      requests: 100,
      failures: 2,
      wrongSources: 0,
      longestGapMs: 1200,
      slowestMs: 2,
      longestStallMs: 700,
    },
    expect.objectContaining({ from: "s1", to: "a1", mode: "stream", requests: 20, slowestMs: 9 }),
  ]);
  expect(report.total).toEqual({
    requests: 170,
    failures: 2,
    wrongSources: 1,
    longestGapMs: 1200,
    slowestMs: 9,
    longestStallMs: 700,
  });
  expect(report).toMatchObject({ whileWarmingUp: 7, firstSecond: 100, lastSecond: 102 });
  expect(report.bad.map(({ second, fault }) => [second, fault])).toEqual([
    [100, "the server saw 10.42.1.0"],
    [101, "timeout"],
  ]);
  expect(renderLoad(report)).toContain("+1 s s1 -> a1 (service): 2 failed, 0 wrong, client stalled 700 ms: timeout");
});

test("a window leaves out what lies outside, and a line that was cut off is no line", () => {
  const text = `${JSON.stringify(line({}))}\n${JSON.stringify(line({ time: 200 }))}\n{"time":20`;
  expect(parseLines(text)).toHaveLength(2);
  expect(loadReport(parseLines(text), { from: 150 }).total.requests).toBe(50);
});

test("every node calls every other; only the servers on two nodes have a readiness probe", () => {
  const objects = loadManifests({ nodes: ["s1", "a1", "a2"] });
  const clients = objects.filter(({ metadata }) => metadata.name.startsWith("client-"));
  expect(clients.map((object) => /--nodes=([\w,]+)/.exec(JSON.stringify(object))?.[1])).toEqual([
    "a1,a2",
    "s1,a2",
    "s1,a1",
  ]);
  const probed = objects.filter((object) => JSON.stringify(object).includes("readinessProbe"));
  expect(probed.map(({ metadata }) => metadata.name)).toEqual(["server-spread"]);
});
