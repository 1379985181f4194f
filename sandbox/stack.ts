/** The configuration that is deployed: a stack file with what only a run can know put in. */
import { ConfigError } from "../config/faults";
import { parseConfig } from "../config/parse";
import type { StackConfig } from "../config/schema";
import { readStackFile, type StackFile } from "../config/stack-file";

export interface SandboxStack {
  readonly file: StackFile;
  readonly config: StackConfig;
}

/** What a run puts in the place of the stack file's own values. */
export interface RunValues {
  readonly kubeconfigFile: string;
  readonly uid: string;
  readonly endpoint: string;
  /** Relative to the project folder: an absolute one is refused, because it becomes a part of the state. */
  readonly chartsFolder: string;
}

/** Reads and checks a stack. @throws ConfigError when there is no such stack, or with every fault of its file. */
export function readStack(project: string, stack: string): SandboxStack {
  return checked(readStackFile(project, stack));
}

/**
 * The stack, pointed at the run's control plane and charts, and without its machines: a sandbox has none, so K3s and the
 * steps on nodes are left out, and a CNI that is being left counts as left.
 */
export function withRunValues({ file }: SandboxStack, run: RunValues): SandboxStack {
  const { kubeconfigFile, uid, chartsFolder, endpoint } = run;
  const { hosts: _hosts, cni, ...values } = file.values;
  const cluster = { ...asMapping(file.values["cluster"]), kubeconfigFile, uid, endpoint };
  const charts = { ...asMapping(file.values["charts"]), folder: chartsFolder };
  const settled = cni === undefined ? {} : { cni: { ...asMapping(cni), leaving: undefined, upTo: undefined } };
  return checked({ ...file, values: { ...values, ...settled, cluster, charts } });
}

function checked(file: StackFile): SandboxStack {
  const { config, faults } = parseConfig(file.values, new Set(file.secretKeys));
  if (config === undefined || faults.length > 0)
    throw new ConfigError(`configuration of stack "${file.stack}"`, faults);
  return { file, config };
}

const asMapping = (value: unknown) => (typeof value === "object" && value !== null ? value : {});
