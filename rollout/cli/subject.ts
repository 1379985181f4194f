/** What comes in on standard input: plain JSON without secrets, in a strict shape. */
import { z } from "zod";
import type { Io } from "../../terminal/io";
import { parseSubject, subjectText } from "../../checks/cli/subject-source";
import { cidr, ipAddress } from "../../config/values";

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
  return parseSubject(await subjectText(stdin), schema, `the subject of ${step} has another shape than it wants:`);
}
