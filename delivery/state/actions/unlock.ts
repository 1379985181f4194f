/** `unlock`: takes the lock of a dead update away. */
import { EXIT } from "../../../checks/exit-codes";
import { holderLine } from "../locks";
import { type Held, lookAtLock, type Outcome, type Run } from "../run";

/** Why the lock must stay; undefined where it may go. */
export function refusal({ holders, steps }: Held): string | undefined {
  if (holders.some(({ life }) => life === "alive")) {
    return "refused: its process lives. Wait for it, or end it by Ctrl-C in its terminal: two updates would change machines at once.";
  }
  if (steps.length > 0) {
    const ids = steps.join(" ");
    return `refused: the update is dead, but a step that it started is still at work: process ${ids}. Wait for it, or end it: kill ${ids}`;
  }
  return undefined;
}

export async function unlock(run: Run): Promise<Outcome> {
  const { stack, engine, yes } = run;
  const held = await lookAtLock(run);
  const lines = held.holders.map((holder) => holderLine(holder, run.now));
  const outcome = (exitCode: Outcome["exitCode"], unlocked: boolean, ...more: string[]): Outcome => ({
    exitCode,
    lines: [...lines, ...more],
    json: { holders: held.holders, steps: held.steps, unlocked },
  });
  if (held.holders.length === 0) return outcome(EXIT.clean, false, `${stack} is not locked`);
  const no = refusal(held);
  if (no !== undefined) return outcome(EXIT.failed, false, no);
  if (!yes) {
    return outcome(
      EXIT.clean,
      false,
      `Nothing was done. Run it again with --yes: pulumi cancel --stack ${stack} --yes`,
    );
  }
  await engine.ask(["cancel", "--stack", stack, "--yes"]);
  const { holders } = await lookAtLock(run);
  if (holders.length > 0) {
    const who = holders.map((holder) => holderLine(holder, run.now));
    return outcome(EXIT.failed, false, "the lock was taken away, and somebody has it again:", ...who);
  }
  return outcome(EXIT.clean, true, `unlocked. What the dead update left: npm run state -- ${stack} recover`);
}
