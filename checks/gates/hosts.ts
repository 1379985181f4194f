/** The gate before any machine is touched: all of them can be read, agree about the time, and contradict nothing. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { hostFacts, takeOverCheck } from "../hosts/machine-checks";
import { clockCheck } from "../preflight/clock";

/** An empty machine is fine: it will be installed. */
export const hostsGate = (context: CheckContext): Check[] => [
  hostFacts(context),
  clockCheck(context),
  takeOverCheck(context),
];
