import { chartOf } from "../charts";
import { UNKNOWN } from "../resource";
import { cannotJudge, type ResourceRule } from "../rule";

/** Every release names one version of its chart. */
export const chartsPinned: ResourceRule = {
  id: "charts-pinned",
  what: "Every Helm release names one exact version of its chart.",
  why: "A chart without an exact version is another chart tomorrow: the update that was reviewed is not the one that runs, and nobody can go back.",
  fix: "Use a chart that `npm run charts` pulled: a folder charts/<name>-<version>, whose archive is checked by its SHA-256; or give an exact version, no range.",
  enforcement: "mandatory",
  *judge(resource) {
    const chart = chartOf(resource);
    if (chart === undefined) return;
    if (chart === UNKNOWN) yield cannotJudge("chart", "which version of which chart it is");
    else if (chart.version === undefined) yield { at: "chart", problem: "names no exact version of the chart" };
    if (resource.inputs["devel"] === true) yield { at: "devel", problem: "takes the newest pre-release" };
  },
};
