import { settle } from "../../../checks/engine/settle";
import { fail, type Outcome, pass } from "../../../checks/verdict";
import { check, expectation } from "../support/checks";

/** A check whose outcome changes from round to round; the last one stays. */
function changing(outcomes: readonly Outcome[]) {
  let round = 0;
  return check("changing", [expectation(() => Promise.resolve(outcomes[Math.min(round++, outcomes.length - 1)]!))]);
}
const wrong = fail("not yet");

describe("settle", () => {
  it("looks once without waiting", async () => {
    const rounds: number[] = [];
    const run = await settle([changing([wrong, pass("now")])], {
      waitMs: 0,
      onRound: (round) => rounds.push(round.exitCode),
    });
    expect(rounds).toEqual([1]);
    expect(run.exitCode).toBe(1);
  });

  it("tries again until everything is clean", async () => {
    const rounds: number[] = [];
    const run = await settle([changing([wrong, wrong, pass("now")])], {
      waitMs: 10_000,
      onRound: (round) => rounds.push(round.exitCode),
    });
    expect(rounds).toEqual([1, 1, 0]);
    expect(run.totals.PASS).toBe(1);
  });

  it("gives the last whole round when the time is over", async () => {
    const hangs = [expectation(() => Promise.resolve(wrong))];
    let asked = 0;
    const slow = check("slow", hangs, {
      expectations: () => (asked++ === 0 ? hangs : [expectation(() => new Promise<Outcome>(() => undefined))]),
    });
    const run = await settle([slow], { waitMs: 600 });
    expect(asked).toBe(2);
    expect(run.results[0]?.findings[0]?.actual).toBe("not yet");
  });

  it("does not wait where waiting cannot help", async () => {
    let rounds = 0;
    await settle([changing([fail("another cluster", { final: true }), pass("never")])], {
      waitMs: 60_000,
      onRound: () => (rounds += 1),
    });
    expect(rounds).toBe(1);
  });

  it("ends between rounds when it is called off", async () => {
    const controller = new AbortController();
    const run = await settle([changing([wrong])], {
      waitMs: 60_000,
      signal: controller.signal,
      onRound: () => controller.abort(new Error("interrupted")),
    });
    expect(run.exitCode).toBe(1);
  });
});
