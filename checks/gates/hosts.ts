/** The gate before any machine is touched: all of them can be read, are fit, and contradict nothing. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { hostFacts, takeOverCheck } from "../hosts/machine-checks";

/** An empty machine is fine: it will be installed. */
export const hostsGate = (context: CheckContext): Check[] => [hostFacts(context), takeOverCheck(context)];
