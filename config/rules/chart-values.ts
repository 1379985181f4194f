import { DEAD_VALUES, isRead, OWN_VALUES, readPaths, refusalOf, type SeldonChart, valuePaths } from "../chart-values";
import { suggest } from "../suggest";
import type { Rule } from "./rule";

const CHARTS = ["setup", "runtime"] as const satisfies readonly SeldonChart[];

/** Values that go to Seldon's charts past the stack's own keys. */
export const CHART_VALUE_RULES: readonly Rule[] = [
  {
    id: "seldon.value-dead",
    *check({ seldon }) {
      for (const chart of CHARTS) {
        for (const path of valuePaths(seldon.values[chart])) {
          const row = refusalOf(DEAD_VALUES[chart], path);
          if (row === undefined) continue;
          yield {
            path: `seldon.values.${chart}.${path}`,
            problem: row.why,
            allowed: "values that do what they say",
            fix: `use ${row.use}`,
          };
        }
      }
    },
  },
  {
    id: "seldon.value-owned",
    *check({ seldon }) {
      for (const chart of CHARTS) {
        for (const path of valuePaths(seldon.values[chart])) {
          const row = refusalOf(OWN_VALUES[chart], path);
          if (row === undefined) continue;
          yield {
            path: `seldon.values.${chart}.${path}`,
            problem: row.why,
            allowed: "values that no key of the configuration decides",
            fix: `use ${row.use}`,
          };
        }
      }
    },
  },
  {
    id: "seldon.value-unknown",
    *check({ seldon }) {
      const { version } = seldon;
      for (const chart of CHARTS) {
        for (const path of valuePaths(seldon.values[chart])) {
          const known = [...DEAD_VALUES[chart], ...OWN_VALUES[chart]];
          if (isRead(chart, version, path) || refusalOf(known, path) !== undefined) continue;
          const meant = suggest(path, readPaths(chart, version));
          yield {
            path: `seldon.values.${chart}.${path}`,
            problem: `is read by no template of seldon-core-v2-${chart} ${version}; Helm would ignore it`,
            allowed: "paths of the chart's values",
            fix: meant === undefined ? "look the path up in the chart's values.yaml" : `did you mean ${meant}?`,
          };
        }
      }
    },
  },
];
