/** Where a command gets its subject from: a stack file, standard input or a file of its own. */
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { StackConfig } from "../../config/schema";
import { configOf } from "../../config/stack-config";
import { readStackFile } from "../../config/stack-file";
import { ToolError } from "../../tools/cli";
import type { Io } from "../../terminal/io";
import type { z } from "zod";
import { type Subject, subjectOf, subjectSchema } from "../subject";

/**
 * The subject of a stack file.
 * @param projectDir Folder of Pulumi.yaml.
 * @param file The stack file, where it is not Pulumi.<stack>.yaml.
 * @throws ConfigError naming every fault, and the stacks that exist when this one does not.
 */
export const subjectOfStack = (projectDir: string, stack: string, file?: string): Subject =>
  subjectOf(stack, configOfStack(projectDir, stack, file));

/** The configuration of a stack file, checked. @throws ConfigError as {@link subjectOfStack}. */
export function configOfStack(projectDir: string, stack: string, file?: string): StackConfig {
  return configOf(readStackFile(projectDir, stack, file));
}

/**
 * The subject that somebody else has made.
 * @param source `-` for standard input, else a path.
 * @param schema The parts that it must have; default: all.
 * @throws ToolError when it cannot be read, is no JSON or has another shape.
 */
export async function subjectFrom(
  source: string,
  stdin: Io["stdin"],
  schema: z.ZodType<Subject> = subjectSchema,
): Promise<Subject> {
  const json = source === "-" ? await subjectText(stdin) : readText(source);
  return parseSubject(json, schema, "the subject has another shape than checks/subject.ts says:");
}

/** A subject on standard input. @throws ToolError where a person would have to type it. */
export async function subjectText(stdin: Io["stdin"]): Promise<string> {
  if (stdin.isTTY) {
    throw new ToolError("a subject (JSON) was expected on standard input, which is a terminal; fix: pipe it in");
  }
  return text(stdin);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ToolError(`subject ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/**
 * A subject of any shape.
 * @param wrongShape First line of the message that names every wrong field.
 * @throws ToolError when the text is no JSON or has another shape.
 */
export function parseSubject<T>(json: string, schema: z.ZodType<T>, wrongShape: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ToolError(`the subject is not JSON; got ${json.trim() === "" ? "nothing" : `${json.length} characters`}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `- ${path.join(".") || "subject"}: ${message}`);
  throw new ToolError([wrongShape, ...faults].join("\n"));
}
