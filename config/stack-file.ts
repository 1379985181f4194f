/** Reads Pulumi.yaml and Pulumi.<stack>.yaml as the Pulumi CLI does, without any engine, key or passphrase. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { loadAll, YAMLException } from "js-yaml";
import { decodeValue } from "./decode";
import { ConfigError, type Fault } from "./faults";
import { SECRET_KEYS } from "./schema";
import { unknownKeyFault } from "./schema-faults";
import { misplacedSecretFault, openSecretFault } from "./secret-faults";
import { suggest } from "./suggest";
import { yamlFault } from "./yaml-fault";

/** What stands for a secret wherever its value would be. */
export const SECRET_PLACEHOLDER = "[secret]";

/** The configuration of one stack, before it is parsed. */
export interface StackFile {
  /** Name of the project. */
  readonly project: string;
  readonly stack: string;
  /** Keys of the project without its prefix, decoded; defaults of Pulumi.yaml are filled in, secrets replaced. */
  readonly values: Record<string, unknown>;
  /** Keys that hold a `secure:` value, sorted. */
  readonly secretKeys: string[];
  /** Keys of other namespaces as the engine passes them, such as `pulumi:disable-default-providers`. */
  readonly other: Record<string, string>;
}

type Mapping = Record<string, unknown>;

const STACK_FILE = /^Pulumi\.(.+)\.yaml$/;
const STACK_FILE_KEYS = ["config", "secretsprovider", "encryptedkey", "encryptionsalt"];

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a value is, without the value: what stands in the wrong place may be a secret. */
const kindOf = (value: unknown): string => (Array.isArray(value) ? "a list" : `a ${typeof value}`);

/** First line of an error's message. Not by instanceof: an error of Node's own may come from another realm. */
function reasonOf(error: unknown): string {
  const { message } = error as { message?: unknown };
  return String(message).split("\n")[0] ?? "";
}

const fail = (file: string, fault: Omit<Fault, "path">): never => {
  throw new ConfigError(`file ${file}`, [{ path: file, ...fault }]);
};

/** Names of the stacks that have a file in the project folder, sorted. */
export function listStacks(projectDir: string): string[] {
  return readdirSync(projectDir)
    .flatMap((name) => STACK_FILE.exec(name)?.[1] ?? [])
    .sort();
}

/** One YAML document that is a mapping. */
function readMapping(file: string, shown: string): Mapping {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return fail(shown, {
      problem: `cannot be read: ${reasonOf(error)}`,
      allowed: "a readable YAML file",
      fix: "check the path and its permissions",
      rule: "stack.file-missing",
    });
  }
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    return fail(shown, {
      problem: `is no YAML: ${error instanceof YAMLException ? yamlFault(error) : reasonOf(error)}`,
      allowed: "one YAML document whose mappings name each key once",
      fix: "mend the line that is named",
      rule: "stack.file-syntax",
    });
  }
  if (documents.length > 1) {
    return fail(shown, {
      problem: "holds several YAML documents, of which Pulumi reads one",
      got: documents.length,
      allowed: "one document",
      fix: "remove the lines from the second `---` on",
      rule: "stack.documents",
    });
  }
  const document = documents[0] ?? {};
  if (!isMapping(document)) {
    return fail(shown, {
      problem: "is no mapping",
      got: kindOf(document),
      allowed: "a mapping with the key `config`",
      fix: "indent the keys below `config:`",
      rule: "stack.file-shape",
    });
  }
  return document;
}

/** Replaces every `{secure: text}` by the placeholder; Pulumi reads a mapping with that one key as a secret. */
function maskSecure(value: unknown): { masked: unknown; secure: boolean } {
  if (Array.isArray(value)) {
    const items = value.map(maskSecure);
    return { masked: items.map((item) => item.masked), secure: items.some((item) => item.secure) };
  }
  if (!isMapping(value)) return { masked: value, secure: false };
  const keys = Object.keys(value);
  if (keys.length === 1 && typeof value["secure"] === "string") return { masked: SECRET_PLACEHOLDER, secure: true };
  const entries = Object.entries(value).map(([key, item]) => [key, maskSecure(item)] as const);
  return {
    masked: Object.fromEntries(entries.map(([key, item]) => [key, item.masked])),
    secure: entries.some(([, item]) => item.secure),
  };
}

/** A value as the engine hands it to the program: strings as they are, all else as JSON. */
const encode = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Keys without a namespace belong to the project. */
function withNamespace(config: Mapping, prefix: string): Mapping {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.includes(":") ? key : `${prefix}${key}`, value]),
  );
}

/** Defaults of Pulumi.yaml: `default` for the project's keys, `value` for those of others, or the value itself. */
function projectDefaults(project: Mapping): Mapping {
  const declared = isMapping(project["config"]) ? project["config"] : {};
  const defaults: Mapping = {};
  for (const [key, declaration] of Object.entries(declared)) {
    const value = isMapping(declaration) ? (declaration["default"] ?? declaration["value"]) : declaration;
    if (value !== undefined) defaults[key] = value;
  }
  return defaults;
}

/** Path of the stack's file; refuses a name that no file has. */
function locate(projectDir: string, stack: string): string {
  const stacks = listStacks(projectDir);
  if (!stacks.includes(stack)) {
    const near = suggest(stack, stacks);
    throw new ConfigError("choice of the stack", [
      {
        path: "stack",
        problem: `there is no file Pulumi.${stack}.yaml`,
        got: stack,
        allowed: stacks.length === 0 ? `none: no Pulumi.<stack>.yaml in ${projectDir}` : stacks.join(", "),
        fix: near === undefined ? "name one of these" : `Did you mean "${near}"?`,
        rule: "stack.unknown",
      },
    ]);
  }
  return path.join(projectDir, `Pulumi.${stack}.yaml`);
}

/** Secrets in clear, and encryption of what is no secret. */
function secretFaults(values: Mapping, secretKeys: readonly string[]): Fault[] {
  const names = Object.keys(SECRET_KEYS);
  return [
    ...names.filter((key) => values[key] !== undefined && !secretKeys.includes(key)).map(openSecretFault),
    ...secretKeys.filter((key) => !names.includes(key)).map(misplacedSecretFault),
  ];
}

/** Name of the project, the prefix of its keys. */
function nameOf(project: Mapping): string {
  const { name } = project;
  if (typeof name === "string") return name;
  return fail("Pulumi.yaml", {
    problem: "has no name",
    got: name,
    allowed: "a string, the name of the project",
    fix: "set name: seldon-k3s",
    rule: "project.name",
  });
}

/** The `config` of a stack file; an empty one counts as empty mapping, as with Pulumi. */
function configOf(document: Mapping, shown: string): Mapping {
  const config = document["config"] ?? {};
  if (isMapping(config)) return config;
  return fail(shown, {
    problem: "has a `config` that is no mapping",
    got: kindOf(config),
    allowed: "a mapping of keys to values",
    fix: "write each key below it as <project>:<key>",
    rule: "stack.file-shape",
  });
}

/** Pulumi skips keys that it does not know, so `confg:` would mean an empty configuration. */
const unknownKeyFaults = (document: Mapping): Fault[] =>
  Object.keys(document)
    .filter((key) => !STACK_FILE_KEYS.includes(key))
    .map((key) => ({ ...unknownKeyFault([], key, STACK_FILE_KEYS).fault, rule: "stack.unknown-key" }));

/**
 * Reads the configuration of a stack.
 * @param projectDir Folder of Pulumi.yaml.
 * @param stack Name of the stack, without organisation and project.
 * @param file Another file to read instead of `Pulumi.<stack>.yaml` in the project folder.
 * @throws ConfigError when the stack has no file (the message lists those that have), when a file is no YAML mapping,
 * when it has unknown keys, or when secrets are in clear text.
 */
export function readStackFile(projectDir: string, stack: string, file?: string): StackFile {
  const project = readMapping(path.join(projectDir, "Pulumi.yaml"), "Pulumi.yaml");
  const projectName = nameOf(project);
  const stackPath = file ?? locate(projectDir, stack);
  const shown = path.basename(stackPath);
  const document = readMapping(stackPath, shown);
  const prefix = `${projectName}:`;
  const merged = {
    ...withNamespace(projectDefaults(project), prefix),
    ...withNamespace(configOf(document, shown), prefix),
  };
  const values: Mapping = {};
  const other: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [fullKey, value] of Object.entries(merged)) {
    const { masked, secure } = maskSecure(value);
    if (!fullKey.startsWith(prefix)) {
      other[fullKey] = encode(masked);
      continue;
    }
    const key = fullKey.slice(prefix.length);
    // An empty secret is absent: Pulumi.yaml makes secrets optional by an empty default, the CLI knows no other way.
    if (key in SECRET_KEYS && masked === "") continue;
    values[key] = typeof masked === "string" && !secure ? decodeValue(masked) : masked;
    if (secure) secretKeys.push(key);
  }
  const faults = [...unknownKeyFaults(document), ...secretFaults(values, secretKeys)];
  if (faults.length > 0) throw new ConfigError(`file ${shown}`, faults);
  return { project: projectName, stack, values, secretKeys: secretKeys.sort(), other };
}
