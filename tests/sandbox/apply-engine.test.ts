import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordedResource } from "../../inprocess/engine";
import { SecretValue } from "../../inprocess/secrets";
import { ApiClient } from "../../sandbox/api/client";
import { ApplyEngine } from "../../sandbox/engine/apply-engine";

let project: string;
let lines: string[];
let controller: AbortController;
let engine: ApplyEngine;

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "apply-engine-")));
  lines = [];
  controller = new AbortController();
  engine = new ApplyEngine({ project, signal: controller.signal, say: (line) => lines.push(line) });
});

afterEach(() => {
  engine.close();
  rmSync(project, { recursive: true, force: true });
});

const resource = (type: string, inputs: Record<string, unknown>): RecordedResource => ({
  urn: `urn:pulumi:s::p::${type}::x`,
  type,
  name: "x",
  custom: true,
  inputs,
  dependencies: [],
  propertyDependencies: {},
  options: {},
});

const command = (inputs: Record<string, unknown>) => engine.create(resource("command:local:Command", inputs));

test("a command runs in the project's folder, with its input and environment, and its output is shown", async () => {
  const { id, state } = await command({
    create: 'pwd; cat; echo "$GREETING" >&2',
    stdin: new SecretValue("from standard input\n"),
    environment: { GREETING: "hello" },
    triggers: ["digest"],
  });
  expect(id).toBe("x");
  expect(state).toMatchObject({ stdout: `${project}\nfrom standard input`, stderr: "hello" });
  expect(lines).toEqual(
    expect.arrayContaining([
      `  x | ${project}`,
      "  x | from standard input",
      "  x | hello",
      "+ command:local:Command x",
    ]),
  );
});

test("a command whose logging is none shows nothing", async () => {
  await command({ create: "echo secret", logging: "none" });
  expect(lines).toEqual(["+ command:local:Command x"]);
});

test("a command that fails is told with the end of its output", async () => {
  await expect(command({ create: "echo the reason >&2; exit 4" })).rejects.toThrow(/ended with 4:\n {4}the reason$/);
});

test("an input that the engine does not know is refused", async () => {
  await expect(command({ create: "true", assetPaths: ["x"] })).rejects.toThrow("assetPaths");
});

test("an interrupted command is ended with its children, and nothing is made afterwards", async () => {
  const running = command({ create: "sleep 60 & wait" });
  setTimeout(() => controller.abort(new Error("interrupted")), 100);
  await expect(running).rejects.toThrow("interrupted");
  await expect(command({ create: "true" })).rejects.toThrow("interrupted");
});

test.each(["kubernetes:helm.sh/v4:Chart", "kubernetes:yaml/v2:ConfigGroup", "random:index/randomId:RandomId"])(
  "resources of type %s are refused",
  async (type) => {
    await expect(engine.create(resource(type, {}))).rejects.toThrow("the sandbox cannot make resources of this type");
  },
);

test("an object without a provider is refused", async () => {
  const inputs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "apps" } };
  await expect(engine.create(resource("kubernetes:core/v1:Namespace", inputs))).rejects.toThrow(
    "names no Kubernetes provider",
  );
});

test.each([[undefined], ["apiVersion: v1\nkind: Config\n"], ['{"kind":"Config"}']])(
  "a provider with the kubeconfig %j is refused: it must be a path",
  async (kubeconfig) => {
    const provider = engine.create(resource("pulumi:providers:kubernetes", { kubeconfig }));
    await expect(Promise.resolve(provider)).rejects.toThrow("needs the path of a kubeconfig");
  },
);

test("a kubeconfig that cannot be read is named", async () => {
  const provider = engine.create(resource("pulumi:providers:kubernetes", { kubeconfig: "nothing.yaml" }));
  await expect(provider).rejects.toThrow(`the kubeconfig ${join(project, "nothing.yaml")} cannot be used`);
});

test("the removal of a patch gives its fields back, and leaves the object to whoever made it", async () => {
  const requests: unknown[] = [];
  const recorded = {
    apply: (object: object) => Promise.resolve(void requests.push(["apply", object])),
    remove: (object: object) => Promise.resolve(void requests.push(["remove", object])),
    find: () => Promise.resolve(undefined),
    close: () => undefined,
  };
  const fromFile = jest.spyOn(ApiClient, "fromFile").mockReturnValue(recorded as unknown as ApiClient);
  await engine.create(resource("pulumi:providers:kubernetes", { kubeconfig: "some.yaml" }));
  fromFile.mockRestore();
  const identity = { apiVersion: "crd.projectcalico.org/v1", kind: "KubeControllersConfiguration" };
  const provider = "urn:pulumi:s::p::pulumi:providers:kubernetes::x";
  const remove = (type: string) =>
    engine.remove({
      ...resource(type, { ...identity, metadata: { name: "default", annotations: { a: "b" } }, spec: { x: 1 } }),
      provider,
    });
  await remove(`kubernetes:${identity.apiVersion}:${identity.kind}Patch`);
  expect(requests).toEqual([["apply", { ...identity, metadata: { name: "default", namespace: undefined } }]]);
  requests.length = 0;
  await remove(`kubernetes:${identity.apiVersion}:${identity.kind}`);
  expect(requests).toEqual([["remove", expect.objectContaining({ spec: { x: 1 } })]]);
});
