import { RunError } from "@pulumi/pulumi/errors";

/** One thing that is wrong with a stack's configuration. */
export interface Fault {
  /** Where: `network.clusterDns`, `hosts.servers[1].address`, or the name of a file. */
  readonly path: string;
  /** What is wrong, as a clause that follows the path. */
  readonly problem: string;
  /** The value that was found; absent when there is none, or when it may be a secret. */
  readonly got?: unknown;
  /** What would be accepted. */
  readonly allowed: string;
  /** What to do about it. */
  readonly fix: string;
  /** Id of the rule that was broken, such as `network.pods-overlap-services`. */
  readonly rule: string;
}

const MAX_VALUE_LENGTH = 200;

/** One value on one line, as JSON, cut where it is long. */
function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}...`;
}

/** A fault as one sentence: `<path>: <problem>; got <value>; allowed: <...>; fix: <...>`. */
export function formatFault(fault: Fault): string {
  const got = fault.got === undefined ? "" : `; got ${showValue(fault.got)}`;
  return `${fault.path}: ${fault.problem}${got}; allowed: ${fault.allowed}; fix: ${fault.fix} [${fault.rule}]`;
}

/**
 * A configuration that cannot be used. The message lists every fault. As a RunError it ends a Pulumi program without
 * a stack trace.
 */
export class ConfigError extends RunError {
  /** All faults, in the order of the schema and then of the rules. */
  readonly faults: readonly Fault[];

  /**
   * @param subject What the faults were found in, such as `configuration of stack "prod"`.
   * @param faults At least one.
   */
  constructor(subject: string, faults: readonly Fault[]) {
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super([`${count} in the ${subject}:`, ...faults.map((fault) => `- ${formatFault(fault)}`)].join("\n"));
    this.name = "ConfigError";
    this.faults = faults;
  }
}
