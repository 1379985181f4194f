/** What one judgement about a machine's drift is given, and the words of its fixes. */
import type { DeclaredHost } from "../../config/derive";
import { type EffectiveSettings, effectiveSettings } from "../hosts/effective";
import type { HostFacts } from "../hosts/facts";
import type { Machines } from "../subject";

export interface MachineState {
  readonly stack: string;
  readonly machines: Machines;
  readonly declared: DeclaredHost;
  readonly facts: HostFacts;
  readonly settings: EffectiveSettings;
}

export const machineState = (
  stack: string,
  machines: Machines,
  declared: DeclaredHost,
  facts: HostFacts,
): MachineState => ({ stack, machines, declared, facts, settings: effectiveSettings(facts) });

/** What makes the next `up` look at every machine again and put right what is not in force. */
export const converge = ({ stack, machines }: Pick<MachineState, "stack" | "machines">): string =>
  `pulumi config set --path seldon-k3s:hosts.converge ${machines.hosts.converge + 1} -s ${stack} && pulumi up -s ${stack}`;

export const up = ({ stack }: Pick<MachineState, "stack">): string => `pulumi up -s ${stack}`;
