/** A command with a live list, for a test that looks at it through a pseudo-terminal. Argument: `fails` or `waits`. */
import { setTimeout as pause } from "node:timers/promises";
import { LiveSteps } from "../../../terminal/steps/live";
import { startCommand } from "../../../tools/cli";

startCommand(async ([how], io) => {
  const live = new LiveSteps({ title: "child", expected: ["first", "second", "third"] }, io);
  try {
    await live.run("first", () => pause(250));
    live.above(() => io.stderr.write("a line that stays\n"));
    await live.run("second", async (tell) => {
      tell("what was told last");
      if (how === "fails") throw new Error("broken");
      // A bounded wait, which keeps the process alive as a connection would.
      await pause(30_000, undefined, { signal: io.signal });
    });
    return 0;
  } catch (error) {
    if (io.signal.aborted) await live.run("clean up", () => pause(250));
    live.stop(true);
    io.stderr.write(`error: ${io.signal.aborted ? "interrupted" : (error as Error).message}\n`);
    return io.signal.aborted ? 130 : 1;
  }
});
