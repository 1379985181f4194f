/** A write that the API server refused, as the checks tell it. Pure. */
import { Refusal } from "../cluster/refusal";
import { statusError } from "../cluster/api-errors";
import { LookError } from "../verdict";

/** What lets a user start probe pods, and how to do without them. */
export const RIGHTS =
  'give that user the verbs "create", "list" and "delete" on "pods" and "namespaces", or set validation.probePods to false';

/** A LookError where the error is a refusal; any other error as it is. */
export function lookErrorOf(error: unknown, server: string, path: string): unknown {
  if (!(error instanceof Refusal)) return error;
  const told = statusError({ server, path }, error.status, JSON.stringify({ kind: "Status", message: error.words }));
  return error.status === 403 ? new LookError(told.message, { fix: RIGHTS, final: true }) : told;
}
