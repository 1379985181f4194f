/** What a run records, keeps secret and keeps apart. */
import { local } from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { RecordedResource, ResourceEngine } from "../../inprocess/engine";
import { PlanEngine } from "../../inprocess/plan-engine";
import { maskSecrets, SecretValue } from "../../inprocess/secrets";
import { failing, namespace, run } from "./support/programs";

class Box extends pulumi.ComponentResource {
  readonly inner: pulumi.Output<string>;

  constructor(name: string, args: pulumi.Inputs, opts?: pulumi.ComponentResourceOptions, depth = 0) {
    super(depth > 0 ? "test:index:Outer" : "test:index:Inner", name, args, opts);
    if (depth > 0) {
      this.inner = new Box(`${name}-box`, {}, { parent: this }, depth - 1).inner;
    } else {
      this.inner = namespace(`${name}-ns`, { parent: this }).metadata.name;
    }
    this.registerOutputs({ inner: this.inner });
  }
}

const find = (resources: readonly RecordedResource[], name: string) => {
  const found = resources.find((resource) => resource.name === name);
  if (!found) throw new Error(`no resource ${name} among ${resources.map((resource) => resource.name).join(", ")}`);
  return found;
};

describe("what is recorded", () => {
  test("URNs hold the whole chain of parent types, without the stack", async () => {
    const { resources } = await run(() => Promise.resolve(void new Box("deep", {}, undefined, 2)));
    expect(resources.map(({ urn }) => urn)).toEqual([
      "urn:pulumi:test::demo::pulumi:pulumi:Stack::demo-test",
      "urn:pulumi:test::demo::test:index:Outer::deep",
      "urn:pulumi:test::demo::test:index:Outer$test:index:Outer::deep-box",
      "urn:pulumi:test::demo::test:index:Outer$test:index:Outer$test:index:Inner::deep-box-box",
      "urn:pulumi:test::demo::test:index:Outer$test:index:Outer$test:index:Inner$kubernetes:core/v1:Namespace::deep-box-box-ns",
    ]);
    expect(find(resources, "deep-box").parent).toBe(find(resources, "deep").urn);
    expect(find(resources, "deep").outputs).toEqual({ inner: "deep-box-box-ns" });
  });

  test("every option that was set, and none that was not", async () => {
    const { resources } = await run(() => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "k.yaml", clusterIdentifier: "c" });
      const first = namespace("first", { provider });
      namespace("second", {
        provider,
        protect: true,
        retainOnDelete: true,
        deleteBeforeReplace: false,
        ignoreChanges: ["metadata.annotations"],
        replaceOnChanges: ["metadata.name"],
        additionalSecretOutputs: ["status"],
        customTimeouts: { create: "10m", delete: "1m" },
        aliases: [{ name: "former" }],
        deletedWith: first,
        dependsOn: [first],
      });
      return Promise.resolve();
    });
    const first = find(resources, "first");
    const second = find(resources, "second");
    expect(first.options).toEqual({});
    expect(first.provider).toBe("urn:pulumi:test::demo::pulumi:providers:kubernetes::cluster");
    expect(second.dependencies).toEqual([first.urn]);
    expect(second.options).toEqual({
      protect: true,
      retainOnDelete: true,
      deleteBeforeReplace: false,
      ignoreChanges: ["metadata.annotations"],
      replaceOnChanges: ["metadata.name"],
      additionalSecretOutputs: ["status"],
      customTimeouts: { create: "10m", delete: "1m" },
      aliases: [expect.objectContaining({ name: "former" })],
      deletedWith: first.urn,
      dependsOn: [first.urn],
    });
  });

  test("a component in dependsOn is named in the option and expanded in the dependencies", async () => {
    const { resources } = await run(() => {
      const box = new Box("box", {});
      namespace("later", { dependsOn: box });
      return Promise.resolve();
    });
    const later = find(resources, "later");
    expect(later.options.dependsOn).toEqual([find(resources, "box").urn]);
    expect(later.dependencies).toEqual([find(resources, "box-ns").urn]);
  });

  test("dependencies by data flow are listed with the input that brings them", async () => {
    const { resources } = await run(() => {
      const first = namespace("first");
      new k8s.core.v1.ConfigMap("map", { metadata: { name: "map", namespace: first.metadata.name }, data: { a: "b" } });
      return Promise.resolve();
    });
    const map = find(resources, "map");
    expect(map.propertyDependencies).toEqual({ metadata: [find(resources, "first").urn] });
    expect(map.inputs["metadata"]).toMatchObject({ name: "map", namespace: "first" });
  });

  test("a component hands its provider and its protection to its children", async () => {
    const { resources } = await run(() => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "k.yaml" });
      new Box("box", {}, { provider, protect: true });
      return Promise.resolve();
    });
    const provider = find(resources, "cluster").urn;
    expect(find(resources, "box").options).toEqual({ protect: true, providers: { kubernetes: provider } });
    expect(find(resources, "box-ns")).toMatchObject({ provider, options: { protect: true } });
  });

  test("a resource is created only when what it depends on has been created", async () => {
    const log: string[] = [];
    const plan = new PlanEngine();
    const engine: ResourceEngine = {
      create: async (resource) => {
        log.push(`begin ${resource.name}`);
        if (resource.name === "slow") await new Promise((resolve) => setTimeout(resolve, 50));
        log.push(`end ${resource.name}`);
        return plan.create(resource);
      },
    };
    await run(
      () => {
        const slow = namespace("slow");
        namespace("fast");
        namespace("after", { dependsOn: slow });
        return Promise.resolve();
      },
      { engine },
    );
    expect(log).toEqual(["begin slow", "begin fast", "end fast", "end slow", "begin after", "end after"]);
  });
});

describe("secrets", () => {
  test("secret inputs are marked, stay secret in outputs, and never show when printed", async () => {
    const { resources, outputs } = await run(() => {
      const password = pulumi.secret("hunter2");
      const command = new local.Command("c", {
        create: pulumi.interpolate`login ${password}`,
        environment: { USER: "u" },
      });
      return Promise.resolve({ plain: "p", direct: password, passedOn: command.create, inside: { list: [password] } });
    });
    const { inputs } = find(resources, "c");
    expect(inputs["create"]).toBeInstanceOf(SecretValue);
    expect((inputs["create"] as SecretValue).reveal()).toBe("login hunter2");
    expect(maskSecrets(inputs)).toEqual({ create: "[secret]", environment: { USER: "u" } });
    expect(maskSecrets(outputs)).toEqual({
      plain: "p",
      direct: "[secret]",
      passedOn: "[secret]",
      inside: { list: ["[secret]"] },
    });
    expect(JSON.stringify([inputs, outputs])).not.toContain("hunter2");
    expect(`${String(inputs["create"])} ${JSON.stringify(inputs)}`).not.toContain("hunter2");
  });

  test("secret configuration and additionalSecretOutputs become secret outputs", async () => {
    const { outputs } = await run(
      () => {
        const config = new pulumi.Config();
        const command = new local.Command("c", { create: "x" }, { additionalSecretOutputs: ["stdout"] });
        return Promise.resolve({
          token: config.requireSecret("token"),
          open: config.require("open"),
          said: command.stdout,
        });
      },
      { config: { token: "hunter2", open: "yes" }, secretKeys: ["token"] },
    );
    expect(maskSecrets(outputs)).toEqual({ token: "[secret]", open: "yes", said: "[secret]" });
  });
});

describe("runs in one process", () => {
  const readStack = () => {
    const config = new pulumi.Config();
    namespace(`${pulumi.getStack()}-ns`);
    const read = {
      stack: pulumi.getStack(),
      size: config.get("size") ?? "unset",
      list: config.getObject("list") ?? [],
    };
    return Promise.resolve(read);
  };

  test("two at the same time, and one after a failed one, see only their own stack and configuration", async () => {
    await expect(run(() => Promise.resolve(void namespace("bad")), { engine: failing("bad") })).rejects.toThrow("bad");
    const [one, two] = await Promise.all([
      run(readStack, { stack: "one", config: { size: 1, list: ["a"] } }),
      run(readStack, { stack: "two", preview: true }),
    ]);
    expect(one.outputs).toEqual({ stack: "one", size: "1", list: ["a"] });
    expect(two.outputs).toEqual({ stack: "two", size: "unset", list: [] });
    expect(two.resources.map(({ urn }) => urn)).toEqual([
      "urn:pulumi:two::demo::pulumi:pulumi:Stack::demo-two",
      "urn:pulumi:two::demo::kubernetes:core/v1:Namespace::two-ns",
    ]);
  });
});
