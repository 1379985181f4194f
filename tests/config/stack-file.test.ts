import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ConfigError } from "../../config/faults";
import { listStacks, readStackFile } from "../../config/stack-file";

const PROJECT = `
name: seldon-k3s
runtime: nodejs
config:
  pulumi:disable-default-providers:
    value: [kubernetes]
  cluster: { type: object, description: the cluster }
  hosts: { type: object, default: {} }
  protect: { type: boolean, default: true }
  kafkaPassword: { secret: true, default: "" }
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "stack-file-"));
  writeFileSync(path.join(folder, "Pulumi.yaml"), PROJECT);
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (text: string, stack = "dev"): void => writeFileSync(path.join(folder, `Pulumi.${stack}.yaml`), text);

/** The faults of reading the stack. */
function faultsOf(stack = "dev", file?: string): ConfigError {
  try {
    readStackFile(folder, stack, file);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("was read");
}

describe("what is read", () => {
  test("values, defaults, secrets and keys of others", () => {
    write(`
encryptionsalt: v1:xxxx
config:
  seldon-k3s:cluster: { name: a, tlsSans: [b] }
  seldon-k3s:kafkaPassword: { secure: v1:xxxx }
  aws:region: eu-central-1
`);
    expect(readStackFile(folder, "dev")).toEqual({
      project: "seldon-k3s",
      stack: "dev",
      values: { cluster: { name: "a", tlsSans: ["b"] }, hosts: {}, protect: true, kafkaPassword: "[secret]" },
      secretKeys: ["kafkaPassword"],
      other: { "pulumi:disable-default-providers": '["kubernetes"]', "aws:region": "eu-central-1" },
    });
  });

  test("the stack's values win over the project's, and an empty secret is absent", () => {
    write(`
config:
  seldon-k3s:protect: false
  seldon-k3s:kafkaPassword: ""
  pulumi:disable-default-providers: ["*"]
`);
    expect(readStackFile(folder, "dev")).toMatchObject({
      values: { hosts: {}, protect: false },
      secretKeys: [],
      other: { "pulumi:disable-default-providers": '["*"]' },
    });
  });

  test.each([
    ['seldon-k3s:protect: "false"', "as `pulumi config set` rewrites it"],
    ["protect: false", "without the project's name"],
  ])("%s, %s", (line) => {
    write(`config:\n  ${line}\n`);
    expect(readStackFile(folder, "dev").values).toEqual({ hosts: {}, protect: false });
  });

  test.each(["", "# nothing yet\n", "config:\n"])("an empty file: %j", (text) => {
    write(text);
    expect(readStackFile(folder, "dev").values).toEqual({ hosts: {}, protect: true });
  });

  test("another file by its path, whatever its folder", () => {
    mkdirSync(path.join(folder, "fixtures"));
    const file = path.join(folder, "fixtures", "Pulumi.other.yaml");
    writeFileSync(file, "config: { seldon-k3s:cluster: { name: other } }\n");
    expect(readStackFile(folder, "other", file).values["cluster"]).toEqual({ name: "other" });
  });

  test("stacks are listed by their files", () => {
    ["prod", "dev", "eu.west"].forEach((stack) => write("", stack));
    writeFileSync(path.join(folder, "Pulumi.yaml.bak"), "");
    expect(listStacks(folder)).toEqual(["dev", "eu.west", "prod"]);
  });
});

describe("what is refused", () => {
  test("a wrong name, with the names that exist", () => {
    ["dev", "staging"].forEach((stack) => write("", stack));
    expect(faultsOf("stagin").message).toBe(
      '1 fault in the choice of the stack:\n- stack: there is no file Pulumi.stagin.yaml; got "stagin"; allowed: dev, staging; fix: Did you mean "staging"? [stack.unknown]',
    );
    expect(faultsOf("canary").message).toContain("fix: name one of these");
  });

  test("a folder without stacks", () => {
    expect(faultsOf().message).toContain(`allowed: none: no Pulumi.<stack>.yaml in ${folder}`);
  });

  test("a file that does not exist", () => {
    expect(faultsOf("dev", path.join(folder, "nowhere.yaml")).message).toMatch(
      /nowhere\.yaml: cannot be read: ENOENT.*check the path.*\[stack\.file-missing\]/s,
    );
  });

  test("a folder without a project", () => {
    write("");
    rmSync(path.join(folder, "Pulumi.yaml"));
    expect(faultsOf().message).toMatch(/Pulumi\.yaml: cannot be read: ENOENT/);
  });

  test("a project without a name", () => {
    write("");
    writeFileSync(path.join(folder, "Pulumi.yaml"), "runtime: nodejs\n");
    expect(faultsOf().faults).toMatchObject([{ rule: "project.name", fix: "set name: seldon-k3s" }]);
  });

  test.each([
    ["tabs", "config:\n\tprotect: true\n", "stack.file-syntax", "tab characters"],
    ["a key twice", "config:\n  a: 1\n  a: 2\n", "stack.file-syntax", "duplicated mapping key in line 3"],
    ["an open bracket", "config: [\n", "stack.file-syntax", "is no YAML"],
    ["two documents", "config: {}\n---\nconfig: {}\n", "stack.documents", "several YAML documents"],
    ["a list", "- config\n", "stack.file-shape", "is no mapping"],
    ["a list below config", "config: [protect]\n", "stack.file-shape", "has a `config` that is no mapping"],
    ["a misspelt config", "confg: {}\n", "stack.unknown-key", 'Did you mean "config"?'],
    [
      "an environment, which only the service can open",
      "environment: [prod]\n",
      "stack.unknown-key",
      "is an unknown key",
    ],
  ])("%s", (_, text, rule, message) => {
    write(text);
    const error = faultsOf();
    expect(error.faults.map((fault) => fault.rule)).toEqual([rule]);
    expect(error.message).toContain(message);
  });

  test("secrets in clear and encryption elsewhere, both at once and without their values", () => {
    write(`
config:
  seldon-k3s:kafkaPassword: hunter2
  seldon-k3s:cluster: { name: { secure: v1:xxxx } }
`);
    const error = faultsOf();
    expect(error.faults.map(({ rule, path: at }) => `${rule} ${at}`)).toEqual([
      "secrets.in-clear kafkaPassword",
      "secrets.misplaced cluster",
    ]);
    expect(error.message).not.toMatch(/hunter2|v1:xxxx/);
  });

  (process.getuid?.() === 0 ? test.skip : test)(
    "a file without permission (not for root, who reads everything)",
    () => {
      write("");
      chmodSync(path.join(folder, "Pulumi.dev.yaml"), 0);
      expect(faultsOf().message).toContain("EACCES");
    },
  );
});
