import * as fc from "fast-check";
import { runChecks } from "../../checks/engine";
import { drift, fail, LookError, type Outcome, pass, SkipError, skipped, VERDICTS, worst } from "../../checks/verdict";
import { exitCodeOf, totalsOf } from "../../checks/totals";
import { check, expectation } from "./support/checks";

const error: Outcome = { verdict: "ERROR", actual: "no way to look" };

describe("runChecks", () => {
  it("reports each expectation with everything that a reader needs", async () => {
    const run = await runChecks([
      check("one", [expectation(() => Promise.resolve(fail("wrong", { evidence: ["line"], fix: "mend it" })), "a/b")]),
    ]);
    expect(run.results[0]).toMatchObject({ verdict: "FAIL", check: { id: "one" } });
    expect(run.results[0]?.findings).toEqual([
      {
        check: "one",
        target: "a/b",
        verdict: "FAIL",
        expected: "as declared",
        actual: "wrong",
        evidence: ["line"],
        repeat: "look at a/b",
        fix: "mend it",
        milliseconds: expect.any(Number) as number,
      },
    ]);
  });

  it("tells everything that begins and ends, and hands on which flow a finding is about", async () => {
    const events: string[] = [];
    const flow = { from: { endpoint: "envoy" }, to: { endpoint: "server" }, port: 9001, allowed: true };
    const run = await runChecks(
      [
        check("late", fail("no"), { needs: ["first"] }),
        check("first", [{ ...expectation(() => Promise.resolve(pass("yes")), "x"), flow }]),
        check("never", pass("yes"), { needs: ["late"] }),
      ],
      {
        onEvent: (event) => {
          const about =
            event.kind === "run-started"
              ? event.checks.map(({ id }) => id).join(" ")
              : "result" in event
                ? `${event.result.check.id} ${event.result.verdict}`
                : event.check.id;
          events.push(`${event.kind} ${about}`);
        },
      },
    );
    expect(events).toEqual([
      "run-started first late never",
      ...["check-started first", "targets-found first", "probe-started first", "probe-ended first"],
      ...["check-ended first PASS", "check-started late", "targets-found late", "probe-started late"],
      ...["probe-ended late", "check-ended late FAIL", "check-started never", "probe-ended never"],
      "check-ended never SKIPPED",
    ]);
    expect(run.results[1]?.findings[0]?.flow).toEqual(flow);
  });

  it("never runs more probes at a time than the limit, and runs that many", async () => {
    let running = 0;
    let most = 0;
    const probe = async (): Promise<Outcome> => {
      most = Math.max(most, ++running);
      await new Promise((done) => setTimeout(done, 5));
      running -= 1;
      return pass("done");
    };
    const checks = ["a", "b", "c"].map((id) =>
      check(
        id,
        Array.from({ length: 7 }, (_, i) => expectation(probe, `${i}`)),
      ),
    );
    const run = await runChecks(checks, { concurrency: 3 });
    expect(most).toBe(3);
    expect(run.totals.PASS).toBe(21);
  });

  it("does not wait for a probe that ignores its signal", async () => {
    let told: AbortSignal | undefined;
    const deaf = expectation((signal) => {
      told = signal;
      return new Promise<Outcome>(() => undefined);
    });
    const run = await runChecks([check("deaf", [{ ...deaf, timeoutMs: 20 }])]);
    expect(run.results[0]?.findings[0]).toMatchObject({ verdict: "ERROR", actual: "no result within 0.02 s" });
    expect(told?.aborted).toBe(true);
    expect(run.exitCode).toBe(2);
  });

  it("bounds the discovery too", async () => {
    const run = await runChecks([
      check("slow", [], { timeoutMs: 20, expectations: () => new Promise(() => undefined) }),
    ]);
    expect(run.results[0]?.findings[0]).toMatchObject({ verdict: "ERROR", target: "(whole check)" });
  });

  it.each<[string, Outcome]>([
    ["FAIL", fail("no")],
    ["ERROR", error],
    ["SKIPPED", skipped("simulated")],
    ["DRIFT", drift("differs")],
  ])("skips a check whose need is %s, with that reason, and never runs it", async (verdict, outcome) => {
    let ran = false;
    const dependent = expectation(() => {
      ran = true;
      return Promise.resolve(pass("ran"));
    });
    const run = await runChecks([check("later", [dependent], { needs: ["first"] }), check("first", outcome)]);
    expect(ran).toBe(false);
    expect(run.results[0]?.findings[0]).toMatchObject({
      verdict: "SKIPPED",
      actual: `needs first, which is ${verdict}`,
    });
    expect(run.totals.PASS).toBe(0);
  });

  it("runs a check whose needs all passed, after them", async () => {
    const order: string[] = [];
    const note = (id: string) => [
      expectation(() => {
        order.push(id);
        return Promise.resolve(pass(id));
      }),
    ];
    const run = await runChecks([
      check("c", note("c"), { needs: ["a", "b"] }),
      check("b", note("b"), { needs: ["a"] }),
      check("a", note("a")),
    ]);
    expect(order).toEqual(["a", "b", "c"]);
    expect(run.results.map((result) => result.check.id)).toEqual(["c", "b", "a"]);
  });

  it("fails a check that found nothing to look at", async () => {
    const run = await runChecks([check("empty", [])]);
    expect(run.results[0]?.findings[0]).toMatchObject({
      verdict: "FAIL",
      actual: "not executed: the check found nothing to look at",
    });
    expect(run.exitCode).toBe(1);
  });

  it("fails what was declared and not executed when the run is called off", async () => {
    const controller = new AbortController();
    const waits = expectation(() => new Promise<Outcome>(() => undefined), "waits");
    const queued = expectation(() => Promise.resolve(pass("never")), "queued");
    setTimeout(() => controller.abort(new Error("interrupted by SIGINT")), 20);
    const run = await runChecks([check("long", [waits, queued])], { concurrency: 1, signal: controller.signal });
    expect(run.results[0]?.findings.map(({ target, verdict, actual }) => [target, verdict, actual])).toEqual([
      ["waits", "FAIL", "not executed: interrupted by SIGINT"],
      ["queued", "FAIL", "not executed: interrupted by SIGINT"],
    ]);
    expect(run.exitCode).toBe(1);
  });

  it.each([
    ["SkipError", new SkipError("no servers declared"), "SKIPPED", "no servers declared"],
    ["LookError", new LookError("API server: 403", { fix: "get rights" }), "ERROR", "API server: 403"],
    ["any other error", new TypeError("x is not a function"), "ERROR", "the probe itself failed: x is not a function"],
  ])("turns a thrown %s into a finding, in the probe and in the discovery", async (_, thrown, verdict, actual) => {
    const probe = check("probe", [expectation(() => Promise.reject(thrown))]);
    const discovery = check("discovery", [], { expectations: () => Promise.reject(thrown) });
    const run = await runChecks([probe, discovery]);
    for (const { findings } of run.results) expect(findings).toEqual([expect.objectContaining({ verdict, actual })]);
  });

  it.each([
    ["an id twice", [check("a"), check("a")], 'two checks have the id "a"'],
    ["an unknown need", [check("a", pass(""), { needs: ["b"] })], 'check "a" needs "b", which is not part of this run'],
    [
      "a circle",
      [check("a", pass(""), { needs: ["b"] }), check("b", pass(""), { needs: ["a"] })],
      "checks need each other: a -> b -> a",
    ],
  ])("refuses %s", async (_, checks, message) => {
    await expect(runChecks(checks)).rejects.toThrow(message);
  });
});

describe("exit codes", () => {
  it.each([
    [[pass("")], 0],
    [[pass(""), skipped("")], 0],
    [[skipped("")], 0],
    [[pass(""), error], 2],
    [[drift("")], 7],
    [[error, drift("")], 7],
    [[fail(""), error], 1],
    [[fail(""), drift(""), error, skipped(""), pass("")], 1],
  ])("%j", async (outcomes, exitCode) => {
    const run = await runChecks(outcomes.map((outcome, index) => check(`check-${index}`, outcome)));
    expect(run.exitCode).toBe(exitCode);
  });

  it("is clean only without failures, drift and gaps, whatever the mixture", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...VERDICTS), { minLength: 1 }), (verdicts) => {
        const totals = totalsOf(verdicts);
        expect(Object.values(totals).reduce((sum, count) => sum + count)).toBe(verdicts.length);
        const clean = verdicts.every((verdict) => verdict === "PASS" || verdict === "SKIPPED");
        expect(exitCodeOf(totals) === 0).toBe(clean);
        expect(worst(verdicts) === "PASS").toBe(verdicts.every((verdict) => verdict === "PASS"));
      }),
    );
  });
});
