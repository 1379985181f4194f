/** The section about differences that are accepted: part of `config/schema.ts`. */
import { z } from "zod";
import { dnsLabel } from "./values";

const allowedDrift = z.strictObject({
  kind: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9]*$/, { error: "expected a kind such as NetworkPolicy" })
    .describe("Kind of the object, such as NetworkPolicy."),
  namespace: dnsLabel.optional().describe("Namespace of the object; any, and none, when left out."),
  name: z.string().min(1).describe("Name of the object; `*` stands for any text."),
  field: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Only this field and what is inside it, as the report writes it, such as spec.replicas; the whole object, also that it is there or is not, when left out.",
    ),
  reason: z
    .string()
    .min(10, { error: "expected a reason of at least 10 characters: whoever reads the report must understand it" })
    .describe("Why this difference is right. Required: the report shows it."),
});

export const drift = z.strictObject({
  allow: z
    .array(allowedDrift)
    .default([])
    .describe("Differences between declared and live objects that `npm run drift` accepts, each with its reason."),
});
