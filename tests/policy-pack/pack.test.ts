/** The rules in the engine's form, with the policy library's own proxies in front of the inputs. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ReportViolation, ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { fromEngine } from "../../policy-pack/from-engine";
import { readViolations } from "../../delivery/preview/guardrails";
import { policies, REPORT_VARIABLE } from "../../policy-pack/pack";
import { UNKNOWN } from "../../policy-pack/resource";
import { GUARDRAILS } from "../../policy-pack/rules";

/** What the library puts in front of the inputs; it publishes no types for it. */
const { unknownCheckingProxy, unknownStringValue } = jest.requireActual<{
  unknownCheckingProxy: (inputs: object) => Record<string, unknown>;
  unknownStringValue: string;
}>("@pulumi/policy/proxy");

const given = (type: string, props: object) => ({
  urn: `urn:pulumi:prod::seldon-k3s::${type}::it`,
  type,
  name: "it",
  props: unknownCheckingProxy(props),
  opts: { protect: false, ignoreChanges: [], aliases: [], additionalSecretOutputs: [] },
});

/** What the policy reports about one resource. */
async function reported(id: string, type: string, props: object): Promise<unknown[]> {
  const policy = policies().find(({ name }) => name === id)!;
  const said: unknown[] = [];
  const report = ((violation: unknown) => void said.push(violation)) as ReportViolation;
  const args = given(type, props);
  if ("validateStack" in policy) {
    await policy.validateStack({ resources: [args] } as unknown as StackValidationArgs, report);
  } else if (typeof policy.validateResource === "function") {
    await policy.validateResource(args as unknown as ResourceValidationArgs, report);
  }
  return said;
}

test("every guardrail is a policy of its own, mandatory, with its fix", () => {
  expect(
    policies().map(({ name, enforcementLevel, remediationSteps }) => [name, enforcementLevel, remediationSteps]),
  ).toEqual(GUARDRAILS.map(({ id, enforcement, fix }) => [id, enforcement, fix]));
});

test("what the library refuses to read is unknown, and the rest stays", () => {
  const { inputs } = fromEngine(
    given("kubernetes:core/v1:Service", {
      spec: { type: unknownStringValue, ports: [{ port: 80 }, unknownStringValue] },
    }) as never,
  );
  expect(inputs).toEqual({ spec: { type: UNKNOWN, ports: [{ port: 80 }, UNKNOWN] } });
});

test("violations go to the file that the environment names, and nowhere where it names none", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "guardrails-")), "report.jsonl");
  const judge = () =>
    reported("no-public-control-plane", "kubernetes:core/v1:Service", { spec: { type: "LoadBalancer" } });
  await judge();
  expect(existsSync(file)).toBe(false);
  process.env[REPORT_VARIABLE] = file;
  try {
    await judge();
    const { rule, mandatory, resource, text } = readViolations(readFileSync(file, "utf8"))[0]!;
    expect([rule, mandatory, resource]).toEqual(["no-public-control-plane", true, "kubernetes:core/v1:Service it"]);
    expect(text).toContain("spec.type: is LoadBalancer; fix: ");
  } finally {
    delete process.env[REPORT_VARIABLE];
    rmSync(dirname(file), { recursive: true });
  }
});

test("a violation stops, and says where, what and how to mend it", async () => {
  expect(
    await reported("no-public-control-plane", "kubernetes:core/v1:Service", { spec: { type: "LoadBalancer" } }),
  ).toEqual([
    {
      message: expect.stringMatching(/^spec\.type: is LoadBalancer; fix: Use ClusterIP\./) as string,
      enforcementLevel: "mandatory",
      urn: "urn:pulumi:prod::seldon-k3s::kubernetes:core/v1:Service::it",
    },
  ]);
  expect(
    await reported("default-deny", "kubernetes:core/v1:Namespace", { metadata: { name: "models" } }),
  ).toMatchObject([{ enforcementLevel: "mandatory" }]);
});

test("an unknown value is said and stops no preview", async () => {
  const spec = { type: unknownStringValue };
  expect(await reported("no-public-control-plane", "kubernetes:core/v1:Service", { spec })).toMatchObject([
    { message: expect.stringContaining("cannot be judged before deployment") as string, enforcementLevel: "advisory" },
  ]);
});
