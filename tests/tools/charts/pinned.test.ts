import { readFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { parseConfig } from "../../../config/parse";
import { readStackFile } from "../../../config/stack-file";
import { allCharts, chartsOf, folderOf } from "../../../tools/charts/pinned";
import { PROJECT_DIR } from "../../../tools/plan/evaluate";
import { GOLDEN_DIR, goldenStacks } from "../../../tools/plan/golden";

interface Plan {
  readonly resources: readonly { readonly type: string; readonly inputs?: { readonly chart?: string } }[];
}

test.each(goldenStacks())("the charts pulled for $stack are those that its plan releases", ({ stack, file }) => {
  const { values, secretKeys } = readStackFile(PROJECT_DIR, stack, file);
  const { config, faults } = parseConfig(values, new Set(secretKeys));
  expect(faults).toEqual([]);
  if (config === undefined) return;
  const plan = load(readFileSync(path.join(GOLDEN_DIR, `${stack}.yaml`), "utf8")) as Plan;
  const released = plan.resources
    .filter(({ type }) => type === "kubernetes:helm.sh/v3:Release")
    .map(({ inputs }) => path.basename(inputs?.chart ?? ""));
  expect([...new Set(released)].sort()).toEqual(chartsOf(config).map(folderOf).sort());
});

test("--all holds every chart once, and those of every stack", () => {
  const all = allCharts().map(folderOf);
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(
    expect.arrayContaining(["tigera-operator-3.31.7", "crd.projectcalico.org.v1-3.32.1", "seldon-core-v2-crds-2.10.2", "cert-manager-1.21.2", "strimzi-kafka-operator-0.47.0"]),
  );
  expect(all).not.toContain("crd.projectcalico.org.v1-3.31.7");
});
