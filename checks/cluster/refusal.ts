/** What the API server answers to a request that it does not fulfil. */

import { parseStatus } from "./status";

/** An answer that is no success, with the server's own words. */
export class Refusal extends Error {
  /** The server's word for why: `NotFound`, `Conflict`, `Forbidden`, `TooManyRequests` ... */
  readonly reason: string;
  /** Reasons and messages of its causes. */
  readonly causes: readonly { readonly reason: string; readonly message: string }[];

  constructor(
    readonly method: string,
    readonly path: string,
    readonly status: number,
    body: string,
  ) {
    const answer = parseStatus(body);
    const words = (answer?.message ?? body).replace(/\s+/g, " ").trim().slice(0, 400) || "no message";
    super(`API server: answered ${status} to ${method} ${path}: ${words}`);
    this.name = "Refusal";
    this.reason = answer?.reason ?? "";
    this.causes = (answer?.details?.causes ?? []).map(({ reason = "", message = "" }) => ({ reason, message }));
  }

  /** The server's own words only. */
  get words(): string {
    return this.message.slice(this.message.indexOf(`${this.path}: `) + this.path.length + 2);
  }

  /** A cause of that reason, such as `DisruptionBudget` or `NamespaceTerminating`. */
  causeOf(reason: string): string | undefined {
    return this.causes.find((one) => one.reason === reason)?.message;
  }

  /**
   * Whether the same request may well succeed later: the server is busy, starting, or calls something that does not
   * answer (a webhook). A disruption budget is not among them: whoever evicts decides how long to wait for that.
   */
  get isPassing(): boolean {
    if (this.status === 429) return this.causeOf("DisruptionBudget") === undefined;
    // The eviction of a pod that two budgets select is answered with 500 and never succeeds.
    return [500, 502, 503, 504].includes(this.status) && !/more than one PodDisruptionBudget/.test(this.message);
  }
}
