import fc from "fast-check";
import { junitReport } from "../../../checks/report/junit";
import { drift, fail, pass, skipped } from "../../../checks/verdict";
import { finding, reportOf } from "../support/runs";
import { all, readXml, type XmlElement } from "../support/strict-xml";

/**
 * What both common schemas allow (windyroad/JUnit-Schema JUnit.xsd, jenkinsci/xunit-plugin junit-10.xsd): the required
 * attributes of the one, no attribute that the other does not know, children in the order of the first.
 */
const SCHEMA: Readonly<Record<string, { attributes: readonly string[]; children: RegExp }>> = {
  testsuites: { attributes: [], children: /^(testsuite )*$/ },
  testsuite: {
    attributes: ["name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"],
    children: /^properties (testcase )*system-out system-err $/,
  },
  properties: { attributes: [], children: /^(property )*$/ },
  property: { attributes: ["name", "value"], children: /^$/ },
  testcase: { attributes: ["name", "classname", "time"], children: /^(skipped |error |failure )?$/ },
  failure: { attributes: ["type", "message"], children: /^$/ },
  error: { attributes: ["type", "message"], children: /^$/ },
  skipped: { attributes: ["message"], children: /^$/ },
  "system-out": { attributes: [], children: /^$/ },
  "system-err": { attributes: [], children: /^$/ },
};

const FORMS: Readonly<Record<string, RegExp>> = {
  timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
  time: /^\d{1,3}\.\d{3}$/,
  id: /^\d+$/,
  tests: /^\d+$/,
  failures: /^\d+$/,
  errors: /^\d+$/,
  name: /\S/,
  hostname: /^localhost$/,
};

function expectValid(element: XmlElement): void {
  const { attributes, children } = SCHEMA[element.name]!;
  expect(Object.keys(element.attributes)).toEqual(attributes);
  for (const [key, value] of Object.entries(element.attributes)) if (key in FORMS) expect(value).toMatch(FORMS[key]!);
  expect(element.children.map(({ name }) => `${name} `).join("")).toMatch(children);
  element.children.forEach(expectValid);
}

const nasty = `<a b="c">&amp; ]]> 'x'\r\n\ttab \u001b[31m \u0000 \uD800 \uFFFE \u{1F980}`;
const shown = `<a b="c">&amp; ]]> 'x'\n\ttab \\x1b[31m \\x00 \uFFFD \uFFFD \u{1F980}`;

const REPORT = reportOf([
  finding("identity", "namespace kube-system", pass("UID 1111-2222", { evidence: ["Kubernetes v1.33"] })),
  finding("grpc-live", "ns/mlserver-0:9500", fail(nasty, { evidence: [nasty], fix: "kubectl logs" })),
  finding("grpc-live", "ns/mlserver-1:9500", pass("live")),
  finding("files", "s1", drift("differs")),
  finding("model", "Model m", { verdict: "ERROR", actual: "missing right", fix: "give it" }),
  finding("inference", "Service seldon-mesh:80", skipped("needs model")),
]);

it("is valid, with a suite a check and a case a finding", () => {
  const root = readXml(junitReport(REPORT));
  expectValid(root);
  const suites = all(root, "testsuite").map(({ attributes: { name, id, tests, failures, errors, skipped } }) =>
    [name, id, tests, failures, errors, skipped].join(" "),
  );
  expect(suites).toEqual([
    "identity 0 1 0 0 0",
    "grpc-live 1 2 1 0 0",
    "files 2 1 1 0 0",
    "model 3 1 0 1 0",
    "inference 4 1 0 0 1",
  ]);
  expect(all(root, "testcase")[1]!.attributes).toEqual({
    name: "ns/mlserver-0:9500",
    classname: "seldon-k3s.validate.grpc-live",
    time: "0.012",
  });
});

it("says what became of each finding, with all that the text report tells", () => {
  const root = readXml(junitReport(REPORT));
  expect(all(root, "failure").map(({ attributes }) => attributes.type)).toEqual(["FAIL", "DRIFT"]);
  const [failure] = all(root, "failure");
  expect(failure!.attributes.message).toBe(shown);
  expect(failure!.text).toBe(
    `expected: what grpc-live expects\nfound: ${shown}\nevidence: ${shown}\nrepeat: look at ns/mlserver-0:9500\nmend: kubectl logs`,
  );
  expect(all(root, "error")[0]!.attributes).toEqual({ type: "ERROR", message: "missing right" });
  expect(all(root, "skipped")[0]!.text).toBe("needs model");
  expect(all(root, "system-out")[0]!.text).toBe("namespace kube-system: Kubernetes v1.33\n");
});

it("stays valid whatever the texts hold", () => {
  const text = fc.string({ unit: "binary", minLength: 1 }).map((one) => `x${one}`);
  fc.assert(
    fc.property(text, text, text, (target, actual, line) => {
      const report = reportOf([finding("a", target, fail(actual, { evidence: [line], fix: line }))]);
      expectValid(readXml(junitReport(report)));
    }),
  );
});
