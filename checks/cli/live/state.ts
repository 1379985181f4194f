/** What is known of a run while it goes on, made from its events. */
import type { RunEvent } from "../../engine/events";
import type { Finding, Verdict } from "../../verdict";
import { SEVERITY } from "../../verdict";

export interface CheckState {
  readonly id: string;
  readonly needs: readonly string[];
  state: "waiting" | "running" | Verdict;
  /** Moments in milliseconds, on the clock that the events are stamped with. */
  startedAt?: number;
  endedAt?: number;
  /** Targets, once they are known. */
  targets?: number;
  done: number;
  /** Targets that are looked at now, the longest at it first. */
  readonly active: Set<string>;
  /** The worst finding so far. */
  worst?: Finding;
}

export class RunState {
  private rows = new Map<string, CheckState>();
  /** Rounds begun so far. */
  round = 0;

  /** In the order of the run: needs before those who need them. */
  get checks(): readonly CheckState[] {
    return [...this.rows.values()];
  }

  /** @param now Moment of the event, in milliseconds. */
  take(event: RunEvent, now: number): void {
    switch (event.kind) {
      case "run-started":
        this.round += 1;
        this.rows = new Map(
          event.checks.map(({ id, needs = [] }) => [id, { id, needs, state: "waiting", done: 0, active: new Set() }]),
        );
        return;
      case "check-started":
        return this.change(event.check.id, (row) => Object.assign(row, { state: "running", startedAt: now }));
      case "targets-found":
        return this.change(event.check.id, (row) => Object.assign(row, { targets: event.count }));
      case "probe-started":
        return this.change(event.check.id, (row) => row.active.add(event.target));
      case "probe-ended":
        return this.change(event.check.id, (row) => {
          row.active.delete(event.finding.target);
          row.done += 1;
          if (row.worst === undefined || isWorse(event.finding.verdict, row.worst.verdict)) row.worst = event.finding;
        });
      case "check-ended":
        return this.change(event.result.check.id, (row) =>
          Object.assign(row, { state: event.result.verdict, endedAt: now }),
        );
    }
  }

  private change(id: string, how: (row: CheckState) => unknown): void {
    const row = this.rows.get(id);
    if (row !== undefined) how(row);
  }
}

const isWorse = (verdict: Verdict, than: Verdict): boolean => SEVERITY.indexOf(verdict) < SEVERITY.indexOf(than);
