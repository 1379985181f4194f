/** The committed workflows as data. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";

export interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, string | boolean | number>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly name?: string;
  readonly needs?: readonly string[];
  readonly "runs-on": string | readonly string[];
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly (string | Instance)[]>> };
  readonly environment?: string;
  readonly concurrency?: Concurrency;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly if?: string;
  readonly steps: readonly Step[];
}

/** A row of a matrix. */
export type Instance = Readonly<Record<string, string>>;

export interface Concurrency {
  readonly group: string;
  readonly "cancel-in-progress": boolean | string;
  readonly queue?: string;
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly concurrency?: Concurrency;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = ".github/workflows";

export const workflowFiles = (project: string): string[] => readdirSync(join(project, FOLDER)).sort();

export const workflowText = (project: string, file: string): string =>
  readFileSync(join(project, FOLDER, file), "utf8");

export const readWorkflow = (project: string, file: string): Workflow => load(workflowText(project, file)) as Workflow;

/** The rows of the job's matrix, which is a list of rows or has one key; a job without one has one row without keys. */
export function instancesOf({ strategy }: Job): readonly Instance[] {
  const [[key, values] = ["include", [{}]], ...more] = Object.entries(strategy?.matrix ?? {});
  if (more.length > 0) throw new Error("a matrix of more than one key is not known here");
  return values.map((value) => (typeof value === "string" ? { [key]: value } : value));
}

/** @throws Error when the workflow has no such job. */
export function jobOf(project: string, file: string, name: string): Job {
  const job = readWorkflow(project, file).jobs[name];
  if (job === undefined) throw new Error(`${file} has no job "${name}"`);
  return job;
}
