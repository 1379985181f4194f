import * as pulumi from "@pulumi/pulumi";
import { subjectOf } from "../../../checks/subject";
import { Validation } from "../../../components/validation/validation";
import type { ValidationArgs } from "../../../components/validation/validation";
import { PlanEngine } from "../../../inprocess/plan-engine";
import { recordComponent } from "../../support/record";
import { seldonStack } from "../../support/seldon-stack";

const config = seldonStack();
const GIVEN: ValidationArgs = {
  subject: subjectOf("test", config),
  validation: config.validation,
  proves: { seldon: { version: "2.10.2", values: { a: 1, b: 2 } } },
};
const declare = (args: Partial<ValidationArgs> = {}) =>
  recordComponent(() => ({ report: new Validation("validation", { ...GIVEN, ...args }).report }));
const triggersOf = async (args: Partial<ValidationArgs>) =>
  (await declare(args)).one("command:local:Command").inputs["triggers"];

describe("component Validation", () => {
  test("runs the criteria on the subject, once, under itself", async () => {
    const recording = await declare();
    const component = recording.one("seldon-k3s:index:Validation", "validation");
    const [command, ...others] = recording.childrenOf(component);
    expect(others).toEqual([]);
    expect(command).toMatchObject({ type: "command:local:Command", name: "validation-criteria" });
    expect(command?.inputs).toEqual({
      create: "node tools/run.mjs validate --subject -",
      stdin: expect.any(String) as unknown,
      addPreviousOutputInEnv: false,
      triggers: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    });
    expect(JSON.parse(command?.inputs["stdin"] as string)).toEqual(JSON.parse(JSON.stringify(GIVEN.subject)));
  });

  test("hands on what the run printed", async () => {
    const engine = new PlanEngine();
    const create = engine.create.bind(engine);
    engine.create = async (resource) => {
      const created = await create(resource);
      return resource.type === "command:local:Command" ? { ...created, state: { stdout: "4 passed\n" } } : created;
    };
    const recording = await recordComponent(() => ({ report: new Validation("validation", GIVEN).report }), { engine });
    expect(recording.outputs).toEqual({ report: "4 passed\n" });
  });

  test("runs again when what it proves or the subject changes, and not for the order of keys", async () => {
    const before = await triggersOf({});
    expect(await triggersOf({ proves: { seldon: { values: { b: 2, a: 1 }, version: "2.10.2" } } })).toEqual(before);
    expect(await triggersOf({ proves: { seldon: { version: "2.9.1", values: { a: 1, b: 2 } } } })).not.toEqual(before);
    expect(await triggersOf({ subject: { ...GIVEN.subject, timeoutSeconds: 999 } })).not.toEqual(before);
  });

  test("runs again for values that only a deployment knows", async () => {
    const [first, second] = (await triggersOf({ triggers: [pulumi.output("revision 7")] })) as string[];
    expect([await triggersOf({})]).toEqual([[first]]);
    expect(second).toBe("revision 7");
  });

  test("runs nothing when it is switched off", async () => {
    const recording = await declare({ validation: { ...config.validation, enabled: false } });
    expect(recording.resources.map((resource) => resource.type)).toEqual(["seldon-k3s:index:Validation"]);
    expect(recording.outputs).toEqual({ report: "" });
  });
});
