/** Flags that several commands have. */
import type { Flag } from "../../tools/cli";

export const KUBECONFIG = {
  type: "string",
  value: "FILE",
  summary: "kubeconfig to use instead of the stack's own",
} as const satisfies Flag;

export const CONFIG_FILE = {
  type: "string",
  value: "FILE",
  summary: "stack file, where it is not Pulumi.<stack>.yaml",
} as const satisfies Flag;
