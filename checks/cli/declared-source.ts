/**
 * What a stack declares in its cluster: its real program run in this process, so that neither the Pulumi CLI nor a state
 * is needed. The engine's packages take a second to load, so that only who asks pays for them.
 */
import { createRequire } from "node:module";
import { messageOf } from "../../config/thrown";
import type * as secrets from "../../inprocess/secrets";
import type * as plan from "../../tools/plan/evaluate";
import type { AllowedDrift } from "../../config/schema";
import { configOf } from "../../config/stack-config";
import { readStackFile } from "../../config/stack-file";
import { type Declared, declaredOf, type Marks } from "../drift/objects/declared";
import { LookError } from "../verdict";

export interface DeclaredStack {
  /** Differences that the stack file accepts. */
  readonly allow: readonly AllowedDrift[];
  /** What is declared, or why nobody knows. */
  readonly declared: Declared | LookError;
}

/** @throws ConfigError naming every fault of the stack file. */
export async function declaredStack(projectDir: string, stack: string, file?: string): Promise<DeclaredStack> {
  const stackFile = readStackFile(projectDir, stack, file);
  const { allow } = configOf(stackFile).drift;
  try {
    const { evaluate, marks } = planner();
    const { resources } = await evaluate(stackFile);
    return { allow, declared: declaredOf(resources, marks) };
  } catch (error) {
    const message = messageOf(error);
    const declared = new LookError(`what the stack declares could not be worked out: ${message}`, {
      fix: `npm run plan -- ${stack} shows where the program stops`,
      final: true,
      cause: error,
    });
    return { allow, declared };
  }
}

// An ES import would load the engine with every command; `import()` cannot load TypeScript here (tools/typescript.cjs).
const load = createRequire(__filename);

/** What evaluates a stack's program, and how its plans mark what they withhold. */
export function planner(): { evaluate: typeof plan.evaluate; marks: Marks } {
  const { evaluate } = load("../../tools/plan/evaluate") as typeof plan;
  const { SecretValue, UNKNOWN_MASK } = load("../../inprocess/secrets") as typeof secrets;
  return {
    evaluate,
    marks: {
      isMark: (value) => value instanceof SecretValue || value === UNKNOWN_MASK,
      keysOf: (value) => {
        const inner: unknown = value instanceof SecretValue ? value.reveal() : undefined;
        return typeof inner === "object" && inner !== null ? Object.keys(inner) : [];
      },
    },
  };
}
