/**
 * Reads a scheduler's log for "Empty server" and for what came of it. Pure.
 *
 * The line says that an event, or a request to scale up, came for a model that no Server holds at that moment. By
 * itself it is harmless: it follows every failed attempt to place a model. What matters is whether the same model was
 * placed afterwards. Phrases as logged by Seldon Core 2.9.1 and 2.10.2 (`scheduler/pkg/server/server_status.go`,
 * `scheduler/pkg/scheduler/scheduler.go`, `scheduler/pkg/agent/server.go`); the log is logrus text, one line an entry,
 * and comes with the kubelet's time stamp in front of each.
 */

const EMPTY = /Empty server for ([^\s":]+)(?::\d+)? so ignoring (?:event|scale up request)/;

/**
 * Each shows that a server holds the model: the request to load it is sent once the scheduler has assigned it (level
 * info), the agent reports it loaded (info), the scheduler says so itself (debug only).
 */
const SCHEDULED: readonly RegExp[] = [
  /msg="Sending load model request for ([^\s"]+)"/,
  /msg="Updating state for model ([^\s"]+) to (?:Loaded|Available)"/,
  /msg="Scheduled model onto server".*\bmodel="?([^\s"]+)/,
];

const STAMP = /^(\d{4}-\d\d-\d\dT\S+) /;

/** A model for which the line stands in the log. */
export interface EmptyServerCase {
  readonly model: string;
  /** How often the line came for this model. */
  readonly count: number;
  /** The last such line, without the time stamp in front. */
  readonly line: string;
  /** When it came, as logged by the kubelet; absent where the log has no stamps. */
  readonly at?: string;
  /** The first line after it that shows the model on a server. */
  readonly followedBy?: string;
}

/** Takes a log line by line, so that its size does not matter. */
export class EmptyServerReader {
  private readonly cases = new Map<string, EmptyServerCase>();

  /** @param since Lines with an earlier time stamp belong to an earlier deployment and do not count. */
  constructor(private readonly since?: Date) {}

  push(text: string): void {
    const at = STAMP.exec(text)?.[1];
    if (at !== undefined && this.since !== undefined && Date.parse(at) < this.since.getTime()) return;
    const line = at === undefined ? text : text.slice(at.length + 1);
    const model = EMPTY.exec(line)?.[1];
    if (model !== undefined) {
      const count = (this.cases.get(model)?.count ?? 0) + 1;
      this.cases.set(model, { model, count, line, ...(at === undefined ? {} : { at }) });
      return;
    }
    const scheduled = SCHEDULED.map((pattern) => pattern.exec(line)?.[1]).find((name) => name !== undefined);
    const open = scheduled === undefined ? undefined : this.cases.get(scheduled);
    if (open !== undefined && open.followedBy === undefined) {
      this.cases.set(open.model, { ...open, followedBy: line });
    }
  }

  /** One case a model, in the order in which they first came. */
  result(): EmptyServerCase[] {
    return [...this.cases.values()];
  }
}
