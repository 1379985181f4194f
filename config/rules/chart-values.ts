import { DEAD_VALUES, isRead, OWN_VALUES, readPaths, refusalOf, type SeldonChart, valuePaths } from "../chart-values";
import { suggest } from "../suggest";
import type { Rule } from "./rule";

const CHARTS = ["setup", "runtime"] as const satisfies readonly SeldonChart[];

/** Whether this is a list of `{name}`, which is what a pod's `imagePullSecrets` holds. */
const isNamed = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(
    (one: unknown) => typeof one === "object" && one !== null && "name" in one && typeof one.name === "string",
  );

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
    id: "seldon.value-pull-secrets",
    *check({ seldon }) {
      const secrets = seldon.values.setup["imagePullSecrets"];
      if (secrets === undefined || isNamed(secrets)) return;
      yield {
        path: "seldon.values.setup.imagePullSecrets",
        problem: "goes into every pod as it is, where it is a list of mappings; the operator could make no pod of it",
        got: secrets,
        allowed: "entries such as { name: registry }",
        fix: "write the Secret's name below the key name",
      };
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
