import path from "node:path";
import { load } from "js-yaml";
import type { RecordedResource } from "../../../inprocess/engine";
import { SecretValue } from "../../../inprocess/secrets";
import { readStackFile } from "../../../config/stack-file";
import { planDocument, planYaml } from "../../../tools/plan/document";
import { evaluate, evaluateStack, PROJECT_DIR, type Evaluation } from "../../../tools/plan/evaluate";

// The first evaluation loads both providers' packages.
jest.setTimeout(120_000);

const STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s";

const resource = (chain: string, name: string, more: Partial<RecordedResource> = {}): RecordedResource => ({
  urn: `urn:pulumi:s::p::${chain}::${name}`,
  type: chain.split("$").at(-1) ?? chain,
  name,
  custom: true,
  parent: STACK,
  inputs: {},
  dependencies: [],
  propertyDependencies: {},
  options: {},
  ...more,
});

const root: RecordedResource = { ...resource("pulumi:pulumi:Stack", "p-s"), custom: false, parent: undefined };

const evaluation = (resources: RecordedResource[], more: Partial<Evaluation> = {}): Evaluation => ({
  stack: "s",
  resources: [root, ...resources],
  outputs: {},
  ...more,
});

test("resources are sorted, keys too, and the order of registration does not matter", () => {
  const resources = [
    resource("t:B", "b", { inputs: { z: 1, a: { y: 1, b: 2 } } }),
    resource("t:A", "a", { dependencies: ["urn:pulumi:s::p::t:B::b"] }),
  ];
  const text = planYaml(evaluation(resources));
  expect(text).toBe(planYaml(evaluation([...resources].reverse())));
  expect(load(text)).toEqual({
    stack: "s",
    outputs: {},
    resources: [
      { name: "a", type: "t:A", parent: "pulumi:pulumi:Stack::p-s", dependencies: ["t:B::b"] },
      { name: "b", type: "t:B", parent: "pulumi:pulumi:Stack::p-s", inputs: { a: { b: 2, y: 1 }, z: 1 } },
    ],
  });
  expect(text.indexOf("a:\n")).toBeLessThan(text.indexOf("z: 1"));
});

test("references are short where they are unique and whole where they are not", () => {
  const [first, second] = [resource("c:One$t:A", "a"), resource("c:Two$t:A", "a")];
  const user = resource("t:User", "u", {
    options: { dependsOn: [first.urn, root.urn] },
    inputs: { text: `not ${first.urn}` },
  });
  expect(planDocument(evaluation([first, second, user]))["resources"]).toContainEqual(
    expect.objectContaining({
      name: "u",
      options: { dependsOn: ["c:One$t:A::a", "pulumi:pulumi:Stack::p-s"] },
      inputs: { text: `not ${first.urn}` },
    }),
  );
});

test("secrets are masked in inputs and outputs", () => {
  const text = planYaml(
    evaluation([resource("t:A", "a", { inputs: { list: [{ password: new SecretValue("hunter2") }] } })], {
      outputs: { token: new SecretValue({ deep: "hunter2" }) },
    }),
  );
  expect(text).not.toContain("hunter2");
  expect(text.match(/\[secret\]/g)).toHaveLength(2);
});

test("the real program shows no secret of a stack, and the same plan twice", async () => {
  // A fixture: what a team writes into its own stack files must break no test.
  const fixture = path.join(PROJECT_DIR, "tests/stacks/Pulumi.leaving-flannel.yaml");
  const stackFile = readStackFile(PROJECT_DIR, "staging", fixture);
  const values = { ...stackFile.values, k3sToken: "K10hunter2::server:hunter2" };
  const first = await evaluate({ ...stackFile, values, secretKeys: ["k3sToken"] });
  const text = planYaml(first);
  expect(text).not.toContain("hunter2");
  expect(text).toContain("/etc/rancher/k3s/token");
  expect(planYaml(await evaluate({ ...stackFile, values, secretKeys: ["k3sToken"] }))).toBe(text);
});

test("a stack that does not exist, and one with faults, are refused as the real engine would", async () => {
  await expect(evaluateStack("stagin")).rejects.toThrow(/Did you mean "staging"\?/);
  const stackFile = readStackFile(PROJECT_DIR, "staging");
  const broken = { ...stackFile, values: { ...stackFile.values, protect: "yes" } };
  await expect(evaluate(broken)).rejects.toThrow(/1 fault in the configuration of stack "staging":\n- protect: /);
});
