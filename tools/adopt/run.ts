/** What both sides of `npm run adopt` work with, the look and the removal of workarounds. */
import type { Io } from "../../terminal/io";
import type { LiveSteps } from "../../terminal/steps/live";
import type { CheckContext } from "../../checks/context";
import type { ObjectDrift } from "../../checks/drift/objects/objects";
import type { StackConfig } from "../../config/schema";
import type { RecordedResource } from "../../inprocess/engine";
import type { Arguments, Flag } from "../cli";
import type { Candidates } from "./candidates";

export const FLAGS = {
  out: { type: "string", value: "FOLDER", summary: "where to write the import files (default: adopt-<stack>)" },
  json: { type: "boolean", summary: "write the report as JSON" },
  "remove-workarounds": {
    type: "boolean",
    summary: "show what would take hostNetwork, SELDON_SERVER_HOST and allow-all policies away, by a dry run",
  },
  yes: { type: "boolean", summary: "with --remove-workarounds: do it, one object after the other" },
  kubeconfig: { type: "string", value: "FILE", summary: "kubeconfig to use instead of the stack's own" },
  "config-file": { type: "string", value: "FILE", summary: "stack file, where it is not Pulumi.<stack>.yaml" },
} as const satisfies Record<string, Flag>;

export interface AdoptRun {
  readonly io: Io;
  /** The list of what is done, on a terminal. */
  readonly live: LiveSteps | undefined;
  readonly stack: string;
  readonly config: StackConfig;
  readonly flags: Arguments<typeof FLAGS>["flags"];
  /** Access to the cluster, whose identity has been proven. */
  readonly context: CheckContext;
  readonly drift: ObjectDrift;
  /** The whole plan. */
  readonly resources: readonly RecordedResource[];
  /** What of it can exist already. */
  readonly candidates: Candidates;
}
