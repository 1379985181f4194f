import fc from "fast-check";
import { policyMatrix } from "../../../checks/report/html/matrix";
import { htmlReport } from "../../../checks/report/html/report";
import { element } from "../../../checks/report/markup";
import { fail, type FlowSide, pass, type ProbedFlow, skipped } from "../../../checks/verdict";
import { finding, reportOf } from "../support/runs";
import { all, readXml, type XmlElement } from "../support/strict-xml";

const side = (endpoint: string, namespace = "ml"): FlowSide => ({ endpoint, namespace });
const flow = (from: FlowSide, to: FlowSide, port: number, allowed: boolean): ProbedFlow => ({
  from,
  to,
  port,
  allowed,
});

const [envoy, server, strange] = [side("envoy"), side("server"), side("envoy", "other")];
const FLOWS = [
  finding("policies", "envoy to server, same node", pass("open"), flow(envoy, server, 9001, true)),
  finding("policies", "envoy to server, other node", fail("silent"), flow(envoy, server, 9001, true)),
  finding("policies", "envoy to rclone", pass("silent"), flow(envoy, server, 5572, false)),
  finding("policies", "stranger to rclone", fail("open"), flow(strange, server, 5572, false)),
  finding("policies", "stranger to server", skipped("no second node"), flow(strange, server, 9001, false)),
];

const cells = (root: XmlElement): string[][] =>
  all(root, "tbody").flatMap((body) => body.children.map((row) => row.children.map(({ text }) => text)));
const matrixOf = (...args: Parameters<typeof policyMatrix>): XmlElement =>
  readXml(element("div", {}, ...policyMatrix(...args)).markup);

describe("the policy matrix", () => {
  it("shows for each pair the worst that was seen, beside what is declared", () => {
    const root = matrixOf(FLOWS);
    expect(all(root, "thead")[0]!.children.map((row) => row.children.map(({ text }) => text))).toEqual([
      ["from \\ to", "server"],
      ["5572", "9001"],
    ]);
    expect(cells(root)).toEqual([
      ["envoy", "·", "BLOCKED"],
      ["envoy (other)", "OPEN", "·?"],
    ]);
    expect(all(root, "figcaption")[0]!.text).toContain("Into namespace ml");
  });

  it("takes the declared table where nothing was probed, and never calls it proven", () => {
    const declared = [flow(envoy, server, 9001, true), flow(envoy, server, 5572, false)];
    expect(cells(matrixOf([], declared))).toEqual([["envoy", "·?", "●?"]]);
  });

  it("takes only what was probed where something was", () => {
    expect(cells(matrixOf(FLOWS, [flow(server, envoy, 9000, true)]))).toHaveLength(2);
  });

  it("keeps a party's name whole that has blanks", () => {
    const other = { endpoint: "another pod", namespace: "ml" };
    const heads = all(matrixOf([], [flow(server, other, 8481, true), flow(server, other, 80, true)]), "th");
    expect(heads.map(({ text }) => text)).toEqual(["from \\ to", "another pod", "80", "8481", "server"]);
  });

  it("is nothing without flows", () => {
    expect(policyMatrix([finding("a", "t", pass("fine"))])).toEqual([]);
  });
});

const REPORT = reportOf([
  finding("identity", "kube-system", pass("UID 1", { note: "said once" })),
  finding("grpc", "ns/a:9500", pass("live"), undefined, 3),
  finding(
    "grpc",
    "ns/b:9500",
    fail("refused", { evidence: ["<script>alert(1)</script>"], fix: "kubectl logs" }),
    undefined,
    900,
  ),
  ...FLOWS,
]);

describe("the page", () => {
  const text = htmlReport(REPORT);
  const root = readXml(text);

  it("has what is wrong, who reaches whom, times, notes and all findings, each with a link that leads to it", () => {
    const ids = all(root, "section").map(({ attributes }) => attributes.id);
    expect(ids).toEqual(["wrong", "policies", "times", "notes", "findings"]);
    expect(all(root, "a").map(({ attributes }) => attributes.href)).toEqual(ids.map((id) => `#${id}`));
    expect(all(root, "article").map((card) => all(card, "h3")[0]!.text)).toEqual([
      "FAIL grpc: ns/b:9500",
      "FAIL policies: envoy to server, other node",
      "FAIL policies: stranger to rclone",
    ]);
    expect(all(root, "title")[0]!.text).toBe("validate staging: failed");
  });

  it("loads nothing and runs nothing, and forbids both", () => {
    expect(all(root, "script").concat(all(root, "link"), all(root, "img"), all(root, "iframe"))).toEqual([]);
    const loading = (element: XmlElement): string[] => [
      ...Object.entries(element.attributes).flatMap(([key, value]) =>
        /^(src|srcset|data|action|poster|on.*)$/.test(key) || (key === "href" && !value.startsWith("#")) ? [key] : [],
      ),
      ...element.children.flatMap(loading),
    ];
    expect(loading(root)).toEqual([]);
    expect(all(root, "style")[0]!.text).not.toMatch(/url\(|@import/);
    expect(all(root, "meta").map(({ attributes }) => attributes.content)).toContain(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    );
  });

  it("has colours for light and for dark", () => {
    const style = all(root, "style")[0]!.text;
    const palette = (css: string): string[] => [...css.matchAll(/(--[\w]+):/g)].map(([, name]) => name!).sort();
    const [light = "", dark = ""] = style.split("@media (prefers-color-scheme:dark)");
    const [darkRoot = ""] = dark.split("}}");
    expect(palette(darkRoot)).toEqual(palette(light));
  });

  it("draws the time of each probe, on one axis", () => {
    const dots = all(all(root, "svg")[0]!, "circle").map(({ attributes }) => Number(attributes.cx));
    expect(dots).toHaveLength(1 + 2 + 4);
    const [fast = 0, slow = 0] = dots.slice(1, 3);
    expect(slow).toBeGreaterThan(fast);
  });

  it("a clean run shows nothing wrong", () => {
    const clean = readXml(htmlReport(reportOf([finding("a", "t", pass("fine"))])));
    expect(all(clean, "section").map(({ attributes }) => attributes.id)).toEqual(["findings"]);
    expect(all(clean, "h1")[0]!.text).toBe("validate staging: clean");
  });

  it("stays whole whatever the texts hold, and shows them", () => {
    const word = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(word, word, (actual, line) => {
        const page = readXml(htmlReport(reportOf([finding("a", line, fail(actual, { evidence: [line] }))])));
        expect(all(page, "script")).toEqual([]);
        expect(all(page, "article")).toHaveLength(1);
      }),
      { numRuns: 50 },
    );
  });
});
