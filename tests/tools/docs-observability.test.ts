import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ALERTS } from "../../components/observability/rules/render";
import { DASHBOARDS } from "../../components/observability/dashboards/render";
import type { Dashboard } from "../../components/observability/dashboards/panel";
import { graph, stat } from "../../components/observability/dashboards/panel";
import { dashboardPicture } from "../../tools/dashboard-picture";
import { renderAlerts, renderMetrics, renderTargets } from "../../tools/docs-observability";
import { readXml, type XmlElement } from "../checks/support/strict-xml";

const PAGE = readFileSync(join(resolve(__dirname, "../.."), "docs/observability.md"), "utf8");

describe("docs/observability.md", () => {
  it("has the section that each alert's link leads to, once", () => {
    const anchors = [...PAGE.matchAll(/^### (\w+)$/gm)].map((match) => (match[1] ?? "").toLowerCase());
    for (const { name } of ALERTS) expect(anchors.filter((anchor) => anchor === name.toLowerCase())).toHaveLength(1);
  });

  it("says of every alert what to do, and shows no placeholder of Prometheus", () => {
    const sections = renderAlerts().split(/^### /m).slice(1);
    expect(sections).toHaveLength(ALERTS.length);
    for (const section of sections) {
      expect(section).toMatch(/\*\*First:\*\* \S/);
      expect(section).toMatch(/^Reads: \S/m);
      expect(section).not.toMatch(/\{\{|undefined/);
    }
  });

  it("lists targets and metrics as tables without a hole", () => {
    for (const table of [renderTargets(), renderMetrics()]) {
      const widths = table.split("\n").map((line) => line.split(" | ").length);
      expect(new Set(widths).size).toBe(1);
      expect(table).not.toContain("undefined");
    }
    expect(renderTargets()).toContain(
      "| `envoy` | 9003 | `/stats/prometheus` | PodMonitor | Seldon's chart, on the pods |",
    );
  });
});

const textsOf = (element: XmlElement): string[] => [
  ...(element.name === "text" ? [element.text] : []),
  ...element.children.flatMap(textsOf),
];

describe("the picture of a dashboard", () => {
  it.each(DASHBOARDS)("of $uid is well-formed and shows every panel, row and legend inside its edges", (dashboard) => {
    const picture = readXml(dashboardPicture(dashboard));
    const texts = textsOf(picture);
    for (const { title, panels } of dashboard.rows) {
      expect(texts).toContain(`▾ ${title}`);
      for (const panel of panels)
        expect(texts.some((text) => panel.title.startsWith(text.replace(/…$/, "")))).toBe(true);
    }
    const [width, height] = [Number(picture.attributes["width"]), Number(picture.attributes["height"])];
    const corners = picture.children
      .flatMap(({ children }) => children)
      .filter(({ name, attributes }) => name === "rect" && attributes["class"] === "card")
      .map(({ attributes: { x, y, width: w, height: h } }) => [Number(x) + Number(w), Number(y) + Number(h)] as const);
    expect(corners.length).toBe(dashboard.rows.flatMap(({ panels }) => panels).length);
    for (const [right, bottom] of corners) {
      expect(right).toBeLessThanOrEqual(width);
      expect(bottom).toBeLessThanOrEqual(height);
    }
  });

  it("says what it is", () => {
    for (const dashboard of DASHBOARDS)
      expect(dashboardPicture(dashboard)).toContain("Drawn from the definition: no values.");
  });

  it("shows where colours change, cuts what is too long, and escapes what XML would take for its own", () => {
    const small: Dashboard = {
      uid: "s",
      title: "A < B",
      description: "D.",
      rows: [
        {
          title: "R & S",
          panels: [
            stat("A title that is much too long for its panel", "percentunit", "up", "Help.", {
              steps: [
                { at: 0, color: "green" },
                { at: 0.85, color: "orange" },
              ],
            }),
            graph("Lines", "s", [["up", "{{instance}}"]], "Help."),
          ],
        },
      ],
    };
    const texts = textsOf(readXml(dashboardPicture(small)));
    expect(texts).toEqual(expect.arrayContaining(["A < B", "▾ R & S", "orange from 85 %", "{{instance}}", "s"]));
    expect(texts.filter((text) => text.endsWith("…"))).toHaveLength(1);
  });
});
