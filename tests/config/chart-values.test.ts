/** The table of the charts' values against the charts' own values files. */
import { load } from "js-yaml";
import { DEAD_VALUES, isRead, OWN_VALUES, readPaths, refusalOf, valuePaths } from "../../config/chart-values";
import { SELDON_VERSIONS } from "../../config/compatibility";
import { describeWithUpstream, upstreamText } from "../support/crd-schema";

const CHARTS = ["setup", "runtime"] as const;
const cases = SELDON_VERSIONS.flatMap((version) => CHARTS.map((chart) => ({ version, chart })));

/** Read by a template although the chart's values file does not list them (followed into the templates of both versions). */
const NOT_LISTED: Readonly<Record<(typeof CHARTS)[number], readonly string[]>> = {
  setup: [
    "controller.logLevel",
    "controller.skipClusterRoleCreation",
    "controller.watchNamespaces",
    "dataflow.logLevel",
    "envoy.logLevel",
    "modelgateway.logLevel",
    "pipelinegateway.logLevel",
    "scheduler.logLevel",
    "serverConfig.agent.logLevel",
  ],
  runtime: ["config.kafkaConfig.debug"],
};

describeWithUpstream("the table and the chart's values file agree", () => {
  const listed = (version: string, chart: string) =>
    valuePaths(load(upstreamText(`seldon-core-v${version}`, `${chart}.values.yaml`)));

  test.each(cases)("each path of $chart $version is read, or refused with a reason", ({ version, chart }) => {
    const unknown = listed(version, chart).filter(
      (path) =>
        !isRead(chart, version, path) && refusalOf([...DEAD_VALUES[chart], ...OWN_VALUES[chart]], path) === undefined,
    );
    expect(unknown).toEqual([]);
  });

  test.each(cases)("each path that $chart $version is said to read is listed there", ({ version, chart }) => {
    const known = new Set(listed(version, chart));
    const absent = readPaths(chart, version)
      .filter((path) => !known.has(path))
      .sort();
    expect(absent).toEqual([...NOT_LISTED[chart]].sort());
  });
});

test("no path is refused twice, or both refused and read", () => {
  for (const chart of CHARTS) {
    const dead = DEAD_VALUES[chart].map(({ path }) => path);
    const own = OWN_VALUES[chart].map(({ path }) => path);
    expect(new Set([...dead, ...own]).size).toBe(dead.length + own.length);
    expect(readPaths(chart, "2.10.2").filter((path) => refusalOf(DEAD_VALUES[chart], path) !== undefined)).toEqual([]);
  }
});

test("2.9.1 does not read what came with 2.10", () => {
  expect(isRead("setup", "2.10.2", "serverConfig.mlserver.debug")).toBe(true);
  expect(isRead("setup", "2.9.1", "serverConfig.mlserver.debug")).toBe(false);
  expect(isRead("runtime", "2.9.1", "envoy.podSpec.nodeSelector.pool")).toBe(true);
});

test.each([
  [{}, []],
  [{ a: {} }, ["a"]],
  [{ a: { b: [1], c: null }, d: "x" }, ["a.b", "a.c", "d"]],
])("paths of %j", (tree, expected) => {
  expect(valuePaths(tree)).toEqual(expected);
});
