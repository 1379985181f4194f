/** What happens while checks run, one event at a time, in the order in which it happens. */
import type { Check } from "../check";
import type { CheckResult } from "../engine";
import type { Finding } from "../verdict";

export type RunEvent =
  /** A round begins: none of these has started, and needs stand before those who need them. */
  | { readonly kind: "run-started"; readonly checks: readonly Check[] }
  /** What the check needs has ended. */
  | { readonly kind: "check-started"; readonly check: Check }
  | { readonly kind: "targets-found"; readonly check: Check; readonly count: number }
  | { readonly kind: "probe-started"; readonly check: Check; readonly target: string }
  /** Also for a finding about the whole check, which no probe was started for. */
  | { readonly kind: "probe-ended"; readonly check: Check; readonly finding: Finding }
  | { readonly kind: "check-ended"; readonly result: CheckResult };
