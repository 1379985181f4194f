/** What one run measured, as it is kept in a file. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { ToolError } from "../../tools/cli";

export const RESULT_VERSION = 1;

const figure = z.number().min(0);

/** Milliseconds of one round's requests. */
const summary = z.strictObject({
  count: z.int().positive(),
  min: figure,
  p50: figure,
  p90: figure,
  p99: figure,
  max: figure,
  mean: figure,
});

const round = z.strictObject({
  latencyMs: summary.describe("From the first byte sent to the last byte received, on a connection that is open."),
  connectMs: summary.optional().describe("Of new TCP connections; absent where the way goes through a port-forward."),
  perSecond: figure.describe("Answers a second with `concurrency` requests at a time."),
  failures: z.int().min(0).describe("Requests without the answer that they must get. They are in no other figure."),
});
export type Round = z.infer<typeof round>;

const path = z.strictObject({
  id: z.string().min(1),
  title: z.string().min(1),
  from: z.string().min(1),
  to: z.string().min(1),
  rounds: z.array(round).min(1),
});
export type MeasuredPath = z.infer<typeof path>;

const usage = z.strictObject({
  pod: z.string().min(1),
  node: z.string().min(1),
  cpuMillicores: figure.describe("Mean while the paths were measured."),
  memoryMiB: figure.describe("Working set at the end."),
});
export type CniUsage = z.infer<typeof usage>;

const resultSchema = z.strictObject({
  version: z.literal(RESULT_VERSION),
  kind: z.literal("seldon-k3s.bench-network"),
  stack: z.string(),
  uid: z.string().optional(),
  at: z.iso.datetime(),
  cni: z.string().describe("What the pods of the CNI that were found are called, such as calico-node."),
  kubernetes: z.string(),
  image: z.string().describe("Image of the pods that measured."),
  program: z.string().optional().describe("Version of this project; absent in files from before it was kept."),
  settings: z.strictObject({
    rounds: z.int().positive(),
    requests: z.int().positive(),
    concurrency: z.int().positive(),
    seconds: figure,
  }),
  paths: z.array(path),
  usage: z.array(usage),
  skipped: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
});

/** One run. Holds no address and no secret: names of pods and nodes only. */
export type BenchResult = z.infer<typeof resultSchema>;

/** The file of a run. */
export const resultText = (result: BenchResult): string => `${JSON.stringify(result, undefined, 2)}\n`;

/** A run from its file. @throws ToolError naming the file and what is wrong with it. */
export function readResult(file: string): BenchResult {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ToolError(
      `--compare: ${file} cannot be read: ${code ?? String(error)}; fix: name a file that --save wrote`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ToolError(`--compare: ${file} is not JSON; fix: name a file that --save wrote`);
  }
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `- ${path.join(".") || "file"}: ${message}`);
  throw new ToolError([`--compare: ${file} is no result of version ${RESULT_VERSION}:`, ...faults].join("\n"));
}
