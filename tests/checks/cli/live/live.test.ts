/** The list that is redrawn on a terminal. */
import { Readable } from "node:stream";
import type { Check } from "../../../../checks/check";
import { frame } from "../../../../checks/cli/live/frame";
import { RunState } from "../../../../checks/cli/live/state";
import { startProgress } from "../../../../checks/cli/run-progress";
import type { RunEvent } from "../../../../checks/engine/events";
import { fail, pass, skipped } from "../../../../checks/verdict";
import { check } from "../../support/checks";
import { finding } from "../../support/runs";

const OPTIONS = { columns: 90, rows: 24, colour: false, title: "validate staging", startedAt: 0 };
const checks: readonly Check[] = [
  check("identity"),
  check("grpc", pass("x"), { needs: ["identity"] }),
  check("model"),
  check("inference", pass("x"), { needs: ["grpc", "model"] }),
];
const [identity, grpc, model, inference] = checks as [Check, Check, Check, Check];

/** Events with the moment of each, in milliseconds. */
function stateOf(...events: readonly (readonly [number, RunEvent])[]): RunState {
  const state = new RunState();
  for (const [now, event] of [[0, { kind: "run-started", checks }] as const, ...events]) state.take(event, now);
  return state;
}

const started = (check: Check): RunEvent => ({ kind: "check-started", check });
const probing = (check: Check, target: string): RunEvent => ({ kind: "probe-started", check, target });
const probed = (check: Check, target: string, outcome = pass("fine")): RunEvent => ({
  kind: "probe-ended",
  check,
  finding: finding(check.id, target, outcome),
});
const ended = (check: Check, outcome = pass("fine")): RunEvent => ({
  kind: "check-ended",
  result: { check, findings: [], verdict: outcome.verdict, milliseconds: 0 },
});

describe("frame", () => {
  it("tells what is done, what runs now and for how long, and what waits for what", () => {
    const state = stateOf(
      [0, started(identity)],
      [10, probed(identity, "kube-system")],
      [12, ended(identity)],
      [100, started(grpc)],
      [110, { kind: "targets-found", check: grpc, count: 12 }],
      [110, probing(grpc, "ml/mlserver-0:9500")],
      [110, probing(grpc, "ml/mlserver-1:9500")],
      [110, probing(grpc, "ml/mlserver-2:9500")],
      [150, probed(grpc, "ml/mlserver-0:9500")],
      [100, started(model)],
      [200, probed(model, "Model m", fail("Ready=False"))],
      [400, ended(model, fail("x"))],
    );
    expect(frame(state, 2350, OPTIONS)).toEqual([
      "validate staging (2.4 s): 1 passed, 1 failed, 1 running, 1 waiting",
      "PASS     identity   kube-system: fine [12 ms]",
      "running  grpc       1 of 12  2.3 s  ml/mlserver-1:9500 and 1 more",
      "FAIL     model      Model m: Ready=False [300 ms]",
      "waiting  inference  for grpc, model",
    ]);
  });

  it("shows the worst of a check's findings, and why one was skipped", () => {
    const state = stateOf(
      [0, started(grpc)],
      [1, probed(grpc, "a", skipped("simulated"))],
      [2, probed(grpc, "b", fail("refused"))],
      [3, probed(grpc, "c", pass("live"))],
      [4, ended(grpc, fail("x"))],
      [5, probed(inference, "(whole check)", skipped("needs grpc, which is FAIL"))],
      [5, ended(inference, skipped("x"))],
    );
    const lines = frame(state, 10, OPTIONS);
    expect(lines).toContain("FAIL     grpc       b: refused [4 ms]");
    expect(lines).toContain("SKIPPED  inference  needs grpc, which is FAIL");
  });

  it("fits the terminal: what failed and runs stays, the rest is counted", () => {
    const many = Array.from({ length: 30 }, (_, index) => check(`check-${index}`));
    const state = new RunState();
    state.take({ kind: "run-started", checks: many }, 0);
    for (const one of many.slice(0, 20)) state.take(ended(one), 1);
    state.take(probed(many[25]!, "t", fail("x".repeat(300))), 1);
    state.take(ended(many[25]!, fail("x")), 1);
    state.take(started(many[29]!), 1);
    const lines = frame(state, 1, { ...OPTIONS, rows: 10, columns: 40 });
    expect(lines.length).toBeLessThan(10);
    expect(Math.max(...lines.map((line) => line.length))).toBe(39);
    expect(lines.join("\n")).toMatch(/waiting {2}check-20[^]*FAIL {5}check-25[^]*running {2}check-29/);
    expect(lines.at(-1)).toBe("and 24 more: 20 passed, 4 waiting");
  });

  it("numbers the rounds, each with a list of its own, and colours only verdicts", () => {
    const state = stateOf([1, ended(model, fail("x"))], [2, { kind: "run-started", checks }], [3, ended(identity)]);
    const lines = frame(state, 3, { ...OPTIONS, colour: true });
    expect(lines[0]).toMatch(/^validate staging, round 2 \(0\.0 s\): 1 passed, 3 waiting/);
    expect(lines[1]).toMatch(/^\x1b\[32mPASS\x1b\[0m {5}identity/); // eslint-disable-line no-control-regex
  });
});

describe("startProgress", () => {
  const run = (stderrTTY: boolean, stdoutTTY: boolean, env: NodeJS.ProcessEnv = {}): string => {
    let text = "";
    const stream = (isTTY: boolean, write: (text: string) => unknown) => ({ isTTY, columns: 80, rows: 24, write });
    const io = {
      stdin: Readable.from([]),
      stdout: stream(stdoutTTY, () => undefined),
      stderr: stream(stderrTTY, (more) => (text += more)),
      env,
      signal: new AbortController().signal,
    };
    const { listeners, stop } = startProgress({ title: "drift staging", rounds: false }, io);
    listeners.onEvent?.({ kind: "run-started", checks: [identity] });
    listeners.onEvent?.(probed(identity, "kube-system"));
    listeners.onFinding?.(finding("identity", "kube-system", pass("fine")));
    listeners.onEvent?.(ended(identity));
    stop();
    return text;
  };

  it("is lines without a terminal, and in CI", () => {
    expect(run(false, false)).toBe("PASS     identity  kube-system: fine\n");
    expect(run(true, true, { CI: "1", NO_COLOR: "1" })).toBe("PASS     identity  kube-system: fine\n");
    expect(run(true, true, { NO_COLOR: "1" })).toBe("PASS     identity  kube-system: fine\n");
  });

  it("leaves the end of the list where the report goes elsewhere, and gives way to it on the same terminal", () => {
    // eslint-disable-next-line no-control-regex -- a colour
    expect(run(true, false)).toMatch(/^drift staging \(0\.0 s\): 1 passed\n\x1b\[32mPASS\x1b\[0m {5}identity .*\n$/);
    expect(run(true, true)).toBe("");
  });
});
