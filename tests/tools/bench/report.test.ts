import { parseConfig } from "../../../config/parse";
import type { Sample } from "../../../tools/bench/cases";
import { LARGE, SMALL } from "../../../tools/bench/cases";
import { generatedStack } from "../../../tools/bench/generated-stack";
import { ratiosOf, reportOf, type Samples } from "../../../tools/bench/report";

const sample = (total: number, evaluation: number, peakMiB = 100): Sample => ({
  total,
  evaluation,
  totalCpu: total,
  evaluationCpu: evaluation / 2,
  peakMiB,
  resources: 7,
});

const samples: Samples = {
  empty: [sample(1000, 10), sample(3000, 10), sample(1100, 10)],
  staging: [sample(2200, 400)],
  small: [sample(2000, 500)],
  large: [sample(9000, 7000, 900), sample(9000, 7000, 1100)],
};

test("each limit is judged by its own figures", () => {
  expect(ratiosOf(samples).map(({ value, met }) => [value, met])).toEqual([
    [2, true],
    [14, false],
    [1100, false],
  ]);
});

test("the report shows every ratio with its limit and names what is missed", () => {
  const report = reportOf(samples, "1 processor");
  expect(report).toContain("| 2.00 x | 2.00 x | at most 3 x | met |");
  expect(report).toContain("| 14.00 x | 14.00 x | at most 12 x | MISSED |");
  expect(report).toContain("| 1100 MiB |  | below 1024 MiB | MISSED |");
  expect(report).toContain("1.10 (1.00 to 3.00)");
});

test.each([SMALL, LARGE])("the generated stack of $agents agents is a valid configuration", (size) => {
  const { values, secretKeys } = generatedStack(size);
  const { config, faults } = parseConfig(values, new Set(secretKeys));
  expect(faults).toEqual([]);
  expect(config?.hosts?.agents).toHaveLength(size.agents);
  expect(config?.seldon.tenants).toHaveLength(size.tenants);
});
