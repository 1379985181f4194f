/** `npm run adopt -- <stack> --remove-workarounds`: a preview by dry runs, and with `--yes` the steps themselves. */
import { objectPath } from "../../checks/cluster/paths";
import { EXIT, type ExitCode } from "../../checks/exit-codes";
import { LookError } from "../../checks/verdict";
import { Refusal } from "../../checks/cluster/refusal";
import { Sender } from "../../checks/cluster/sender";
import { above, step as stepOf } from "../../terminal/steps/live";
import { Guards } from "./guards";
import { liveObjects, workaroundsOf } from "./outside";
import { type RemovalStep, removalSteps } from "./removal";
import type { AdoptRun } from "./run";
import { isTree, type Tree } from "../../config/tree";

/**
 * Field manager of these steps: that of the provider's own updates. It takes such fields over again at its next apply; under
 * any other name a list that is patched here would be a conflict there (4.34, `await.go` patchForce, fixCSAFieldManagers).
 */
const MANAGER = "pulumi-kubernetes";

export type StepOutcome = "done" | "would" | "refused" | "failed" | "not reached";

export interface StepResult {
  readonly step: RemovalStep;
  readonly outcome: StepOutcome;
  /** Why it was refused, or what failed. */
  readonly why?: string;
}

/** @throws LookError where the cluster's objects cannot be read. */
export async function removeWorkarounds(run: AdoptRun): Promise<ExitCode> {
  const { io, flags, drift, live } = run;
  const found = await stepOf(live, "look for workarounds", () => liveObjects(drift, io.signal));
  const steps = removalSteps(workaroundsOf(found));
  const guards = new Guards(run);
  const sender = new Sender(drift.context.api);
  // Told step by step: who interrupts must know what has been done.
  const tell = (text: string): void =>
    flags.json === true ? undefined : above(live, () => void io.stdout.write(text));
  live?.expect(steps.map(titleOf));
  tell(headText(run, steps.length));
  const results: StepResult[] = [];
  for (const step of steps) {
    const stopped = flags.yes === true && results.some(({ outcome }) => outcome === "failed");
    const result: StepResult = stopped
      ? { step, outcome: "not reached" }
      : await stepOf(live, titleOf(step), () => take(step, { run, guards, sender }), {
          resultOf: ({ outcome }) => WORDS[outcome],
        });
    results.push(result);
    tell(stepText(result));
  }
  live?.stop(io.stdout.isTTY !== true);
  if (flags.json === true) io.stdout.write(json(run, results));
  else tell(footText(run, steps.length));
  return results.every(({ outcome }) => outcome === "done" || outcome === "would") ? EXIT.clean : EXIT.failed;
}

interface Means {
  readonly run: AdoptRun;
  readonly guards: Guards;
  readonly sender: Sender;
}

/** One step. What it may not do and what fails is its result; only an interruption leaves it. */
async function take(step: RemovalStep, { run, guards, sender }: Means): Promise<StepResult> {
  const { io, flags } = run;
  try {
    const why = await guards.against(step);
    // The dry run comes first also where the step is to be taken: rights and admission are known before anything changes.
    await send(step, run, sender, true);
    if (why !== undefined) return { step, outcome: "refused", why };
    if (flags.yes !== true) return { step, outcome: "would" };
    await send(step, run, sender, false);
    if (step.object.kind !== "NetworkPolicy") await guards.ready();
    return { step, outcome: "done" };
  } catch (error) {
    io.signal.throwIfAborted();
    if (error instanceof Refusal) return { step, outcome: "failed", why: error.words };
    if (error instanceof LookError) return { step, outcome: "failed", why: `${error.message}; fix: ${error.fix}` };
    throw error;
  }
}

async function send({ object, patch }: RemovalStep, run: AdoptRun, sender: Sender, dry: boolean): Promise<void> {
  const { drift, io } = run;
  const path = objectPath(object, await drift.kinds.get(object.apiVersion, object.kind, io.signal));
  const query = `?fieldManager=${MANAGER}${dry ? "&dryRun=All" : ""}`;
  if (patch.length > 0) {
    const request = { method: "PATCH", path: path + query, body: patch, type: "application/json-patch+json" } as const;
    await sender.send(request, io.signal);
    return;
  }
  const live = await drift.context.api.find<Tree>(path, io.signal);
  const metadata: Tree = isTree(live?.["metadata"]) ? live["metadata"] : {};
  // Gone already: the step's aim.
  if (live === undefined) return;
  const { uid, resourceVersion } = metadata;
  // With a body the API server reads nothing of the query, so the dry run must stand in the body.
  const body = { preconditions: { uid, resourceVersion }, ...(dry ? { dryRun: ["All"] } : {}) };
  await sender.send({ method: "DELETE", path, body }, io.signal);
}

const WORDS: Readonly<Record<StepOutcome, string>> = {
  done: "DONE",
  would: "WOULD",
  refused: "REFUSED",
  failed: "FAILED",
  "not reached": "NOT REACHED",
};

const titleOf = ({ object: { kind, namespace, name } }: RemovalStep): string => `${kind} ${namespace}/${name}`;

const deedOf = ({ workarounds, patch }: RemovalStep): string =>
  patch.length === 0 ? "delete the policy" : `take away ${workarounds.map(({ field }) => field).join(", ")}`;

function headText({ stack, context }: AdoptRun, steps: number): string {
  const lines = [
    `seldon-k3s adopt --remove-workarounds: stack ${stack}`,
    `cluster ${context.subject.uid ?? ""}, kubeconfig ${context.kubeconfigPath}`,
    "",
    ...(steps === 0 ? ["No workaround is left."] : []),
  ];
  return `${lines.join("\n")}\n`;
}

const stepText = ({ step, outcome, why }: StepResult): string =>
  `${WORDS[outcome].padEnd(11)}  ${titleOf(step)}: ${deedOf(step)}\n             ${why ?? step.effect}\n`;

const footText = ({ stack, flags }: AdoptRun, steps: number): string =>
  flags.yes === true || steps === 0
    ? ""
    : `\nA preview by dry runs: nothing was changed. Do it: npm run adopt -- ${stack} --remove-workarounds --yes\n`;

function json({ stack, context, flags }: AdoptRun, results: readonly StepResult[]): string {
  const steps = results.map(({ step, outcome, why }) => ({
    ...step.object,
    declared: step.declared,
    takes: step.patch.length === 0 ? ["the policy"] : step.workarounds.map(({ field }) => field),
    effect: step.effect,
    outcome,
    ...(why === undefined ? {} : { why }),
  }));
  const head = {
    version: 1,
    kind: "seldon-k3s.adopt-removal",
    stack,
    uid: context.subject.uid,
    preview: flags.yes !== true,
  };
  return `${JSON.stringify({ ...head, steps }, undefined, 2)}\n`;
}
