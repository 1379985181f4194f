/** What one run of a step has at hand: its subject, the cluster, progress, its end of time, and what must be undone. */
import type { Io } from "../../terminal/io";
import { CheckContext } from "../../checks/context";
import { duration } from "../../checks/report/layout";
import { type Subject as CheckSubject, gateSubjectSchema } from "../../checks/subject";
import { Cluster } from "../../checks/cluster/cluster";
import type { WaitOptions } from "../../checks/cluster/wait";
import { setMaxListeners } from "node:events";
import { messageOf } from "../../config/thrown";
import type { LiveSteps, StepOptions } from "../../terminal/steps/live";
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
   * @param live The list of the step's parts, on a terminal. Without it there are lines.
   */
  constructor(
    readonly subject: Subject,
    readonly place: string,
    readonly io: Io,
    readonly signal: AbortSignal,
    readonly pace: Pace = PACE,
    private readonly live?: LiveSteps,
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

  /** Parts that are still to come. */
  expect(names: readonly string[]): void {
    this.live?.expect(names);
  }

  /** A part of the step, which has a line of its own in the list. */
  part<T>(name: string, task: () => Promise<T>, options?: StepOptions<T>): Promise<T> {
    return this.live === undefined ? task() : this.live.run(name, task, options);
  }

  /** One progress line: node, step, what, elapsed. In the list it is what the part of that name does now, or else the last one. */
  readonly say = (step: string, text: string): void => {
    if (this.live?.isBusy(step) === true) this.live.tell(text, step);
    else if (this.live?.isBusy() === true) this.live.tell(`${step}: ${text}`);
    else this.note(step, text);
  };

  /** A line that stays to be read, also above the list. */
  readonly note = (step: string, text: string): void => {
    const elapsed = duration(performance.now() - this.started);
    this.print(`${this.place}: ${step}: ${text} (after ${elapsed})\n`);
  };

  /** Writes to standard error, above the list. */
  print(text: string): void {
    const write = (): void => void this.io.stderr.write(text);
    if (this.live === undefined) write();
    else this.live.above(write);
  }

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
    if (this.cleanUps.length === 0) return;
    this.expect(["clean-up"]);
    await this.part("clean-up", () => this.undo());
  }

  private async undo(): Promise<void> {
    const signal = AbortSignal.timeout(CLEAN_UP_MS);
    for (const { what, task } of this.cleanUps.splice(0)) {
      this.live?.tell(what);
      try {
        await task(() => this.cluster.within(signal), { ...this.waits("clean-up"), signal });
      } catch (error) {
        const message = messageOf(error);
        this.note("clean-up", `${what}: ${message}; the next run does it`);
      }
    }
  }
}

/** What the identity check reads of a subject. */
const identitySubject = (base: unknown): CheckSubject => gateSubjectSchema("cluster-identity").parse(base);
