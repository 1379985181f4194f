/** What one run of a step has at hand: its subject, the cluster, progress, its end of time, and what must be undone. */
import type { Io } from "../../terminal/io";
import { CheckContext } from "../../checks/context";
import { duration } from "../../checks/report/layout";
import { type Subject as CheckSubject, gateSubjectSchema } from "../../checks/subject";
import { Cluster } from "../../checks/cluster/cluster";
import type { WaitOptions } from "../../checks/cluster/wait";
import { setMaxListeners } from "node:events";
import { messageOf } from "../../config/thrown";
import { type Pace, PACE } from "./pace";
import type { BaseSubject } from "./subject";

/** How long cleaning up may take, in milliseconds: the user has pressed Ctrl-C and waits. */
const CLEAN_UP_MS = 30_000;

/** Gets the cluster, and how to wait, with the clean-up's own end of time. */
type CleanUp = (cluster: () => Cluster, waits: WaitOptions) => Promise<void>;

export class Run<Subject extends BaseSubject> {
  readonly context: CheckContext;
  private readonly started = performance.now();
  private readonly cleanUps: { readonly what: string; readonly task: CleanUp }[] = [];
  private open: Cluster | undefined;

  /**
   * @param place Where the step works, for progress lines: a node.
   * @param signal Aborts when the user interrupts or the step's time is over; its reason says which.
   */
  constructor(
    readonly subject: Subject,
    readonly place: string,
    readonly io: Io,
    readonly signal: AbortSignal,
    readonly pace: Pace = PACE,
  ) {
    // Every wait and every request listens to it.
    setMaxListeners(0, signal);
    const { stack, kubeconfig, uid, timeoutSeconds } = subject;
    this.context = new CheckContext(identitySubject({ stack, kubeconfig, uid, timeoutSeconds }));
  }

  /** Opened on first use: a step that makes the kubeconfig starts without one. @throws LookError */
  get cluster(): Cluster {
    this.open ??= new Cluster(this.context.api, {
      signal: this.signal,
      onTrouble: (text) => this.say("api", text),
      retryMs: this.pace.retryMs,
    });
    return this.open;
  }

  /** One progress line: node, step, what, elapsed. */
  readonly say = (step: string, text: string): void => {
    const elapsed = duration(performance.now() - this.started);
    this.io.stderr.write(`${this.place}: ${step}: ${text} (after ${elapsed})\n`);
  };

  /** How {@link until} waits inside one part of the step. */
  readonly waits = (step: string): WaitOptions => ({
    signal: this.signal,
    say: (text) => this.say(step, text),
    everyMs: this.pace.lookMs,
  });

  /** Remembers what must be undone, whatever happens; the last comes first. */
  defer(what: string, task: CleanUp): void {
    this.cleanUps.unshift({ what, task });
  }

  /** Undoes what was deferred, within a bound of its own. A clean-up that fails is told and keeps no other from running. */
  async cleanUp(): Promise<void> {
    const signal = AbortSignal.timeout(CLEAN_UP_MS);
    for (const { what, task } of this.cleanUps.splice(0)) {
      try {
        await task(() => this.cluster.within(signal), { ...this.waits("clean-up"), signal });
      } catch (error) {
        const message = messageOf(error);
        this.say("clean-up", `${what}: ${message}; the next run does it`);
      }
    }
  }
}

/** What the identity check reads of a subject. */
const identitySubject = (base: unknown): CheckSubject => gateSubjectSchema("cluster-identity").parse(base);
