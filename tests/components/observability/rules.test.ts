import { ALERTS, ruleGroups } from "../../../components/observability/rules/render";
import type { AlertingRule } from "../../../components/observability/rules/alert";
import { seriesIn } from "../../../components/observability/promql";
import { targetsOf } from "../../../components/observability/targets";
import { everything, watchedStack } from "../../support/observability-stack";
import { promtool, withPromtool } from "../../support/promtool";
import { CALICO_CASES } from "./rule-cases/calico";
import type { AlertCase } from "./rule-cases/case";
import { SELDON_CASES } from "./rule-cases/seldon";

// A day of samples, evaluated every minute, takes promtool some seconds.
jest.setTimeout(120_000);

const CASES: readonly AlertCase[] = [...CALICO_CASES, ...SELDON_CASES];

const groupsOf = (config = everything()) => ruleGroups(targetsOf(config), config);
const rulesOf = (config = everything()): AlertingRule[] => groupsOf(config).flatMap(({ rules }) => [...rules]);
const named = (rules: readonly AlertingRule[]) => rules.map(({ alert }) => alert);

function ruleOf(name: string): AlertingRule {
  const found = rulesOf().find(({ alert }) => alert === name);
  if (found === undefined) throw new Error(`no rule for ${name}`);
  return found;
}

/** An alert's text with its labels and value filled in; promtool fills it in by itself and must get the same. */
const filled = (text: string, labels: Readonly<Record<string, string>>, value: string): string =>
  text
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? "")
    .replace(/\{\{ \$value[^}]*\}\}/g, value);

/** One test of promtool's. */
function unitTest(alert: string, series: Readonly<Record<string, string>>, at: string, expected: readonly object[]) {
  return {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }],
  };
}

function firing({ alert, fires }: AlertCase) {
  const { annotations, labels } = ruleOf(alert);
  const shown = Object.entries(annotations).map(([key, text]) => [key, filled(text, fires.labels, fires.value ?? "")]);
  return unitTest(alert, fires.series, fires.at, [
    { exp_labels: { ...fires.labels, ...labels }, exp_annotations: Object.fromEntries(shown) as object },
  ]);
}

/** What promtool says of one alert, alone: a day of samples would take it long with all of them. */
function verdict(alert: string, tests: readonly object[]) {
  return promtool(["test", "rules", "tests.json"], {
    "rules.json": { groups: [{ name: "one", rules: [ruleOf(alert)] }] },
    "tests.json": { rule_files: ["rules.json"], evaluation_interval: "1m", tests },
  });
}

describe("every alert", () => {
  it("has one case, firing and silent", () => {
    expect(CASES.map(({ alert }) => alert).sort()).toEqual(ALERTS.map(({ name }) => name).sort());
    expect(CASES.filter(({ silent }) => silent.length === 0)).toEqual([]);
  });

  it.each(CASES.flatMap(({ alert, fires, silent }) => [fires, ...silent].map((each) => ({ alert, ...each }))))(
    "$alert is tried with all that it reads, when $when",
    ({ alert, series }) => {
      const given = Object.keys(series).map((name) => name.replace(/\{.*/, ""));
      expect(seriesIn(ruleOf(alert).expr).filter((name) => !given.includes(name))).toEqual([]);
    },
  );

  it("says what it is, what it means and where to read on, in words", () => {
    const config = everything();
    for (const { alert, expr, labels, annotations } of rulesOf(config)) {
      expect(alert).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(["critical", "warning"]).toContain(labels["severity"]);
      expect(Object.keys(annotations)).toEqual(["summary", "description", "runbook_url"]);
      expect(annotations["summary"]).not.toMatch(/[.\n]$/);
      expect(annotations["description"]).toMatch(/\.$/);
      expect(annotations["runbook_url"]).toBe(`docs/observability.md#${alert.toLowerCase()}`);
      // Differ with the way in which Prometheus finds its targets.
      expect(expr).not.toMatch(/\b(job|service|endpoint)=/);
    }
  });

  withPromtool("is PromQL", () => {
    const { status, said } = promtool(["check", "rules", "rules.json"], { "rules.json": { groups: groupsOf() } });
    expect(said).toContain(`SUCCESS: ${ALERTS.length} rules found`);
    expect(status).toBe(0);
  });

  for (const each of CASES) {
    withPromtool(`${each.alert} fires when ${each.fires.when}, and its texts are right`, () => {
      expect(verdict(each.alert, [firing(each)]).said).toContain("SUCCESS");
    });
    for (const { when, series, at } of each.silent) {
      withPromtool(`${each.alert} is silent when ${when}`, () => {
        expect(verdict(each.alert, [unitTest(each.alert, series, at, [])]).said).toContain("SUCCESS");
      });
    }
  }

  withPromtool("is told apart from one that does not fire as expected", () => {
    const [first] = CASES;
    if (first === undefined) throw new Error("no cases");
    const { status, said } = verdict(first.alert, [unitTest(first.alert, first.fires.series, first.fires.at, [])]);
    expect([status, said]).toEqual([1, expect.stringContaining("FAILED")]);
  });
});

describe("the alerts of a stack", () => {
  it("are all there where everything is watched", () => {
    expect(named(rulesOf())).toEqual(ALERTS.map(({ name }) => name));
  });

  it("leave out what no metric feeds", () => {
    const without = (sections: Parameters<typeof watchedStack>[0]) => {
      const have = new Set(named(rulesOf(watchedStack(sections))));
      return ALERTS.map(({ name }) => name).filter((name) => !have.has(name));
    };
    const noPipelines = ["SeldonPipelineErrors", "SeldonPipelineSlow"];
    const noCustom = [
      "CalicoDegraded",
      "SeldonModelScheduleFailed",
      "SeldonModelNotReady",
      "SeldonServerConditionFalse",
    ];
    expect(without({}).sort()).toEqual(["GoldmaneDropsFlows", ...noPipelines, ...noCustom].sort());
    expect(without({ observability: { stateMetrics: "none" } }).sort()).toEqual(
      [
        "CalicoDeploymentUnavailable",
        "CalicoNodeNotReady",
        "FelixHostCountDiffers",
        "GoldmaneDropsFlows",
        "NodeNetworkUnavailable",
        "SeldonAgentStuck",
        "SeldonEnvoyUnavailable",
        "SeldonNoReadyServer",
        "SeldonSchedulerDown",
        ...noPipelines,
        ...noCustom,
      ].sort(),
    );
  });

  it("are about Seldon only where Calico is not kept", () => {
    for (const cni of [{ provider: "flannel" }, { provider: "flannel", leaving: "calico" }]) {
      const groups = groupsOf(watchedStack({ cni, observability: { stateMetrics: "custom-resources" } }));
      expect(groups.map(({ name }) => name)).toEqual(["seldon-k3s-seldon"]);
      expect(JSON.stringify(groups)).not.toContain("calico-system");
    }
  });

  it("speak of the stack's own namespaces, servers and thresholds", () => {
    const seldon = {
      operatorNamespace: "seldon-system",
      servers: [{ name: "big" }],
      tenants: [{ namespace: "fraud-ml", servers: [{ name: "small" }] }],
    };
    const observability = {
      alerts: { thresholds: { errorRatio: 0.2, latencySeconds: 3 }, runbookBase: "https://x.example/r" },
    };
    const rules = rulesOf(watchedStack({ seldon, observability }));
    const expr = (name: string) => rules.find(({ alert }) => alert === name)?.expr ?? "";
    expect(expr("SeldonNoReadyServer")).toContain('{namespace=~"financial-ml|fraud-ml",statefulset=~"big|small"} == 0');
    expect(expr("SeldonInferenceErrors")).toMatch(/> 0\.2$/);
    expect(expr("SeldonInferenceSlow")).toMatch(/> 3$/);
    expect(expr("SeldonOperatorErrors")).toContain('{namespace="seldon-system"}');
    expect(expr("MetricsTargetDown")).toContain('"calico-system|seldon-system|financial-ml|fraud-ml"');
    expect(rules[0]?.annotations["runbook_url"]).toBe("https://x.example/r#caliconodenotready");
  });

  it("are none when they are off", () => {
    expect(groupsOf(watchedStack({ observability: { alerts: { enabled: false } } }))).toEqual([]);
  });
});
