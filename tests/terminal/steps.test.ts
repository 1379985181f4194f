import fc from "fast-check";
import { lastFrame, stepsFrame } from "../../terminal/steps/frame";
import { LiveSteps, liveSteps } from "../../terminal/steps/live";
import { KEPT, Steps } from "../../terminal/steps/state";
import { cells } from "../../terminal/text";
import { Emulator } from "./support/emulator";

const OPTIONS = { columns: 80, rows: 24, colour: false, title: "sandbox staging", startedAt: 0 };

function someSteps(): Steps {
  const steps = new Steps();
  steps.expect(["start the control plane", "deploy", "validate"]);
  steps.end(steps.begin("start the control plane", 0), "done", 4_100);
  steps.begin("deploy", 4_100);
  steps.tell("+ Namespace seldon");
  return steps;
}

describe("stepsFrame", () => {
  it("tells of each step its state, its time and what it does now", () => {
    expect(stepsFrame(someSteps(), 12_340, OPTIONS)).toEqual([
      "sandbox staging (12.3 s): 1 done, 1 running, 1 waiting",
      "done     start the control plane  4.1 s",
      "running  deploy                   8.2 s  + Namespace seldon",
      "waiting  validate",
    ]);
  });

  it("gives what is told half of a narrow terminal", () => {
    expect(stepsFrame(someSteps(), 12_340, { ...OPTIONS, columns: 40 })).toEqual([
      "sandbox staging (12.3 s): 1 done, 1 ...",
      "done     start the c...  4.1 s",
      "running  deploy          8.2 s  + Na...",
      "waiting  validate",
    ]);
  });

  it("shows what an unforeseen step is before those that are still to come", () => {
    const steps = someSteps();
    steps.begin("build helm", 5_000);
    expect(steps.all.map(({ name }) => name)).toEqual(["start the control plane", "deploy", "build helm", "validate"]);
  });

  it("keeps a step that nobody foresaw at the top where nothing has begun", () => {
    const steps = new Steps();
    steps.expect(["deploy"]);
    steps.begin("build helm", 0);
    expect(steps.all.map(({ name }) => name)).toEqual(["build helm", "deploy"]);
  });

  it("tells how far a step is rather than what was told of it last, while it runs", () => {
    const steps = new Steps();
    const build = Object.assign(steps.begin("build kwok", 0), { status: () => "40 packages compiled" });
    steps.tell("go: downloading x");
    expect(stepsFrame(steps, 1_000, OPTIONS)[1]).toBe("running  build kwok  1.0 s  40 packages compiled");
    steps.end(build, "failed", 2_000);
    expect(stepsFrame(steps, 3_000, OPTIONS)[1]).toBe("failed   build kwok  2.0 s  go: downloading x");
  });

  it("takes a step twice where it is expected twice", () => {
    const steps = new Steps();
    steps.expect(["proof", "pods", "proof"]);
    steps.end(steps.begin("proof", 0), "done", 1);
    steps.end(steps.begin("pods", 1), "done", 2);
    steps.begin("proof", 2);
    expect(steps.all.map(({ state }) => state)).toEqual(["done", "done", "running"]);
  });

  it("is never wider nor higher than the terminal, nor lets anything through that a terminal obeys", () => {
    const step = fc.record({
      name: fc.string({ unit: "binary", maxLength: 60 }),
      told: fc.array(fc.string({ unit: "binary", maxLength: 90 }), { maxLength: 3 }),
      state: fc.constantFrom("waiting", "running", "done", "failed", "stopped"),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (list, columns, rows) => {
          const steps = new Steps();
          for (const { name, told, state } of list) {
            if (state === "waiting") steps.expect([name]);
            else {
              const begun = steps.begin(name, 0);
              for (const text of told) steps.tell(text);
              if (state !== "running") steps.end(begun, state, 10);
            }
          }
          const lines = stepsFrame(steps, 99, { ...OPTIONS, columns, rows });
          expect(lines.length).toBeLessThan(rows);
          for (const line of lines) {
            expect(cells(line)).toBeLessThan(Math.max(2, columns));
            expect(line).not.toMatch(/\p{Cc}/u);
          }
        },
      ),
    );
  });
});

describe("lastFrame", () => {
  it("keeps the last lines of a step that failed, whole, and none of those that did not", () => {
    const steps = someSteps();
    for (let line = 1; line <= KEPT + 3; line++) steps.tell(`line ${line} ${"x".repeat(100)}`, "deploy");
    steps.end(steps.all[1]!, "failed", 9_000);
    const lines = lastFrame(steps, 10_000, { ...OPTIONS, rows: 5 });
    expect(lines[2]).toMatch(/^failed {3}deploy {19}4\.9 s {2}line 15 x+\.\.\.$/);
    expect(lines.slice(3, 3 + KEPT)).toEqual(
      Array.from({ length: KEPT }, (_, index) => `    line ${index + 4} ${"x".repeat(100)}`),
    );
    expect(lines.slice(3 + KEPT)).toEqual(["waiting  validate"]);
  });
});

describe("liveSteps", () => {
  const ioOf = (terminal: Emulator, signal = new AbortController().signal) => ({ stderr: terminal, env: {}, signal });

  it("is nothing where nothing can be redrawn", () => {
    const terminal = new Emulator();
    const io = ioOf(terminal);
    for (const env of [{ CI: "1" }, { NO_COLOR: "1" }, { TERM: "dumb" }]) {
      expect(liveSteps({ title: "x" }, { ...io, env })).toBeUndefined();
    }
    expect(liveSteps({ title: "x" }, { ...io, stderr: { write: () => true } })).toBeUndefined();
    expect(terminal.written).toBe("");
  });

  it("leaves nothing on the terminal where all went well and a report follows", async () => {
    const terminal = new Emulator();
    const live = new LiveSteps({ title: "adopt staging" }, ioOf(terminal));
    await live.run("compare", (tell) => Promise.resolve(tell("3 of 9")));
    expect(terminal.screen[1]).toMatch(/^done {5}compare {3}0\.\d s$/);
    live.stop(false);
    expect(terminal.all).toEqual([]);
    expect(terminal.cursor).toEqual({ row: 0, column: 0 });
  });

  it("keeps the result of each step where it is asked to stay", async () => {
    const terminal = new Emulator();
    const live = new LiveSteps({ title: "charts" }, ioOf(terminal));
    const value = await live.run("tigera", () => Promise.resolve(7), { resultOf: (seven) => `${seven} files` });
    live.stop(true);
    expect(value).toBe(7);
    expect(terminal.screen).toEqual([
      expect.stringMatching(/^charts \(0\.\d s\): 1 done$/),
      expect.stringMatching(/^done {5}tigera {4}0\.0 s {2}7 files$/),
    ]);
  });

  it("keeps what failed to be read, with its last lines, and hands the error on", async () => {
    const terminal = new Emulator();
    const live = new LiveSteps({ title: "sandbox dev", expected: ["deploy", "validate"] }, ioOf(terminal));
    const failing = live.run("deploy", (tell) => {
      tell("+ Namespace seldon");
      return Promise.reject(new Error("refused"));
    });
    await expect(failing).rejects.toThrow("refused");
    live.stop(false);
    expect(terminal.screen).toEqual([
      expect.stringMatching(/^sandbox dev \(0\.\d s\): 1 failed, 1 skipped$/),
      expect.stringMatching(/^failed {3}deploy {4}0\.\d s {2}\+ Namespace seldon$/),
      "    + Namespace seldon",
      "skipped  validate",
    ]);
  });

  it("says that a step was stopped, not that it failed, after an interruption, and goes on with the clean-up", async () => {
    const terminal = new Emulator();
    const interrupted = new AbortController();
    const live = new LiveSteps({ title: "sandbox dev" }, ioOf(terminal, interrupted.signal));
    const stopped = live.run("deploy", () => {
      terminal.write("^C");
      interrupted.abort(new Error("interrupted by SIGINT"));
      return Promise.reject(interrupted.signal.reason as Error);
    });
    await expect(stopped).rejects.toThrow("interrupted by SIGINT");
    await live.run("clean up", () => Promise.resolve());
    live.stop(false);
    expect(terminal.screen).toEqual([
      expect.stringMatching(/^sandbox dev \(0\.\d s\): 1 done, 1 stopped$/),
      expect.stringMatching(/^stopped {2}deploy /),
      expect.stringMatching(/^done {5}clean up /),
    ]);
  });

  it("puts what is to stay above the list", async () => {
    const terminal = new Emulator(40, 6);
    const live = new LiveSteps({ title: "rotate prod" }, ioOf(terminal));
    await live.run("server-1", () => {
      for (const line of ["one", "two", "three", "four"]) live.above(() => terminal.write(`${line}\n`));
      return Promise.resolve();
    });
    live.stop(true);
    expect(terminal.all.slice(0, 4)).toEqual(["one", "two", "three", "four"]);
    expect(terminal.all.slice(4)).toEqual([expect.stringMatching(/^rotate prod/), expect.stringMatching(/^done/)]);
  });

  it("draws itself anew while nothing is told: the clock goes on", async () => {
    jest.useFakeTimers({ now: 0 });
    try {
      const terminal = new Emulator();
      const live = new LiveSteps({ title: "deploy" }, ioOf(terminal));
      let finish = (): void => undefined;
      const running = live.run("build", () => new Promise<void>((resolve) => (finish = resolve)));
      jest.advanceTimersByTime(3_000);
      expect(terminal.screen[1]).toBe("running  build     3.0 s");
      terminal.resize(20);
      jest.advanceTimersByTime(100);
      expect(terminal.screen).toEqual(["deploy (3.1 s): ...", "running  build  ..."]);
      finish();
      await running;
      live.stop(false);
    } finally {
      jest.useRealTimers();
    }
  });
});
