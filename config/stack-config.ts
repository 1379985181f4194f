/** The configuration that a stack file holds, for whoever runs without an engine. */
import { ConfigError } from "./faults";
import { parseConfig } from "./parse";
import type { StackConfig } from "./schema";
import type { StackFile } from "./stack-file";

/** The configuration in a stack file, with all defaults. @throws ConfigError with every fault in it. */
export function configOf({
  stack,
  values,
  secretKeys,
}: Pick<StackFile, "stack" | "values" | "secretKeys">): StackConfig {
  const { config, faults } = parseConfig(values, new Set(secretKeys));
  if (config === undefined) throw new ConfigError(`configuration of stack "${stack}"`, faults);
  return config;
}
