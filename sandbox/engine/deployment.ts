/** What every engine is given and gives back. */
import type { SandboxStack } from "../stack";

export interface DeploymentOptions {
  readonly project: string;
  readonly stack: SandboxStack;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface Deployment {
  /** Number of resources and components, without the stack itself and providers. */
  readonly resources: number;
  /** The stack's outputs; secrets masked. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The stack and the providers are Pulumi's own; whether a default provider is among them depends on the engine. */
export const isCounted = (type: string): boolean => !type.startsWith("pulumi:");
