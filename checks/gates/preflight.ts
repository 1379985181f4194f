/** The gate before the first disruption of a change of CNI: the same checks as `npm run preflight`. */
export { preflightChecks as preflightGate } from "../preflight/preflight";
