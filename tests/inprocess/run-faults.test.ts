/** How a run ends that cannot succeed. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ResourceEngine } from "../../inprocess/engine";
import { PlanEngine } from "../../inprocess/plan-engine";
import { RunFault } from "../../inprocess/run-program";
import { failing, namespace, run } from "./support/programs";

class Bucket extends pulumi.CustomResource {}

const faultOf = (promise: Promise<unknown>): Promise<RunFault> =>
  promise.then(
    () => Promise.reject(new Error("the run succeeded")),
    (error: unknown) => {
      if (error instanceof RunFault) return error;
      throw error;
    },
  );

describe("faults", () => {
  test("a failing create rejects, names the resource, keeps the cause, and nothing after it is created", async () => {
    const fault = await faultOf(
      run(
        () => {
          const bad = namespace("bad");
          namespace("after", { dependsOn: bad });
          return Promise.resolve({ name: bad.metadata.name });
        },
        { engine: failing("bad") },
      ),
    );
    expect(fault.message).toBe('kubernetes:core/v1:Namespace "bad": the API server said no');
    expect(fault.cause).toMatchObject({ message: "the API server said no" });
    expect(fault.resources.map(({ name }) => name)).toEqual(["demo-test", "bad"]);
  });

  test("what is being created when another resource fails is waited for", async () => {
    const log: string[] = [];
    const plan = new PlanEngine();
    const engine: ResourceEngine = {
      create: async (resource) => {
        if (resource.name === "bad") throw new Error("no");
        await new Promise((resolve) => setTimeout(resolve, 60));
        log.push(resource.name);
        return plan.create(resource);
      },
    };
    const program = () => {
      namespace("slow");
      namespace("bad");
      return Promise.resolve();
    };
    await expect(run(program, { engine })).rejects.toThrow('"bad": no');
    expect(log).toEqual(["slow"]);
  });

  test("the program's own error is passed on as it is", async () => {
    class OwnError extends Error {}
    await expect(run(() => Promise.reject(new OwnError("bad config")))).rejects.toThrow(OwnError);
    await expect(
      run(() => {
        throw new OwnError("at once");
      }),
    ).rejects.toThrow("at once");
  });

  test.each([
    [
      "an unknown type",
      () => void new Bucket("aws:s3/bucket:Bucket", "b", {}),
      /aws:s3\/bucket:Bucket "b": unknown resource type; known: .*command:local:Command/,
    ],
    ["an object without a name", () => void new k8s.core.v1.Namespace("n", {}), /Namespace "n": has no metadata.name/],
    [
      "a release without a namespace",
      () => void new k8s.helm.v3.Release("r", { chart: "./c", name: "r" }),
      /Release "r": needs an explicit name and namespace/,
    ],
    [
      "a remote component",
      () => void new k8s.helm.v4.Chart("r", { chart: "./c" }),
      /kubernetes:helm.sh\/v4:Chart "r": a remote component/,
    ],
    [
      "a provider function",
      () => pulumi.runtime.invoke("aws:index:getRegion", {}),
      /provider function aws:index:getRegion/,
    ],
    [
      "an existing resource",
      () => k8s.core.v1.Namespace.get("kube-system", "kube-system"),
      /"kube-system": the program reads a resource that it does not manage/,
    ],
    ["one URN twice", () => [namespace("twice"), namespace("twice")], /"twice": duplicate resource URN/],
  ])("refused: %s", async (_, program, message) => {
    const fault = await faultOf(run(() => Promise.resolve(void program())));
    expect(fault.message).toMatch(message);
  });

  test("a default provider is refused where the stack disables it", async () => {
    const other = { "pulumi:disable-default-providers": '["kubernetes"]' };
    const fault = await faultOf(run(() => Promise.resolve(void namespace("n")), { other }));
    expect(fault.message).toMatch(/default provider for "kubernetes" is disabled; urn:.*::n must name its provider/);
    const explicit = () => Promise.resolve(void namespace("n", { provider: new k8s.Provider("p", {}) }));
    expect((await run(explicit, { other })).resources).toHaveLength(3);
  });

  test("a value that never comes is reported with the resources that wait for it", async () => {
    const never = pulumi.output(new Promise<string>(() => undefined));
    const program = () => {
      namespace("ready");
      const waiting = new k8s.core.v1.Namespace("waiting", { metadata: { name: never } });
      namespace("behind", { dependsOn: waiting });
      return Promise.resolve();
    };
    const fault = await faultOf(run(program, { stallSeconds: 0.3 }));
    expect(fault.message).toBe(
      "the program waits for values that never come; not registered: " +
        'kubernetes:core/v1:Namespace "behind", kubernetes:core/v1:Namespace "waiting"',
    );
  });

  test("a program that never returns is reported", async () => {
    const program = () => (namespace("n"), new Promise(() => undefined));
    const fault = await faultOf(run(program, { stallSeconds: 0.3 }));
    expect(fault.message).toMatch(/never ends: every resource is registered/);
  });

  test("a slow creation is not taken for a stall", async () => {
    const plan = new PlanEngine();
    const engine: ResourceEngine = {
      create: (resource) => new Promise((resolve) => setTimeout(() => resolve(plan.create(resource)), 700)),
    };
    const { resources } = await run(() => Promise.resolve(void namespace("slow")), { engine, stallSeconds: 0.2 });
    expect(resources).toHaveLength(2);
  });

  test("an aborted run starts nothing more and waits for what has begun", async () => {
    const abort = new AbortController();
    const log: string[] = [];
    const plan = new PlanEngine();
    const engine: ResourceEngine = {
      create: async (resource) => {
        abort.abort(new Error("Ctrl-C"));
        await new Promise((resolve) => setTimeout(resolve, 50));
        log.push(resource.name);
        return plan.create(resource);
      },
    };
    const program = () => Promise.resolve(void namespace("second", { dependsOn: namespace("first") }));
    const fault = await faultOf(run(program, { engine, signal: abort.signal }));
    expect(fault.message).toBe("the run was interrupted");
    expect(fault.cause).toMatchObject({ message: "Ctrl-C" });
    expect(log).toEqual(["first"]);
  });
});

test("an error of the program keeps its stack trace", async () => {
  const program = function whereItHappens(): Promise<never> {
    return Promise.reject(new Error("here"));
  };
  const error: unknown = await run(program).catch((reason: unknown) => reason);
  expect((error as Error).stack).toMatch(/whereItHappens .*run-faults\.test\.ts/);
});
