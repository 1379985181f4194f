/** What comes in on standard input: plain JSON without secrets, in a strict shape. */
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { Io } from "../../checks/cli/io";
import { cidr, ipAddress } from "../../config/values";
import { ToolError } from "../../tools/cli";

const word = z.string().min(1);

/** Every step's subject begins with these. */
export const baseShape = {
  stack: word.describe("Name of the stack, for messages."),
  kubeconfig: word.describe("Path of the kubeconfig: relative to the project folder or absolute."),
  uid: word
    .optional()
    .describe(
      "UID of the namespace kube-system. Absent while the stack still makes the cluster: then it is only told.",
    ),
  timeoutSeconds: z.number().positive().max(86_400).describe("Bound of the whole step."),
} as const;

export const baseSchema = z.strictObject(baseShape);
export type BaseSubject = z.infer<typeof baseSchema>;

const endpoint = {
  address: word,
  port: z.int().min(1).max(65535),
  user: word,
  hostKey: word.describe("Pinned public host key: type and base64."),
};

/** As `config/derive.ts` makes it. */
export const sshTargetSchema = z.strictObject({
  name: word.describe("Node name."),
  ...endpoint,
  bastion: z.strictObject(endpoint).optional(),
});

export const cniSchema = z.enum(["flannel", "calico"]);

export { cidr, ipAddress, word };

/**
 * The subject from standard input.
 * @throws ToolError when it is absent, no JSON, or has another shape; every wrong field is named.
 */
export async function readSubject<Subject>(
  step: string,
  stdin: Io["stdin"],
  schema: z.ZodType<Subject>,
): Promise<Subject> {
  if (stdin.isTTY) {
    throw new ToolError("a subject (JSON) was expected on standard input, which is a terminal; fix: pipe it in");
  }
  const json = await text(stdin);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ToolError(`the subject is not JSON; got ${json.trim() === "" ? "nothing" : `${json.length} characters`}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `- ${path.join(".") || "subject"}: ${message}`);
  throw new ToolError([`the subject of ${step} has another shape than it wants:`, ...faults].join("\n"));
}
