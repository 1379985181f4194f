/** The live list on a real pseudo-terminal, whose size, line ends and Ctrl-C are the kernel's. */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { Emulator } from "./support/emulator";

jest.setTimeout(60_000);

const ROOT = join(__dirname, "../..");
// `script` of util-linux runs a command on a terminal of its own; others have other arguments.
const hasScript = (spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "").includes("util-linux");

/** Runs the child on a terminal of so many columns; presses Ctrl-C when this text is written. */
async function onTerminal(
  columns: number,
  how: string,
  interruptAt?: string,
): Promise<{ code: number; seen: Emulator }> {
  const child = `"${process.execPath}" --require ./tools/typescript.cjs tests/terminal/support/pty-child.ts ${how}`;
  const env: NodeJS.ProcessEnv = { ...process.env, TERM: "xterm", SHELL: "/bin/sh" };
  for (const name of ["CI", "NO_COLOR"]) delete env[name];
  const shell = `stty cols ${columns} rows 12; exec ${child}`;
  const script = spawn("script", ["--quiet", "--return", "--command", shell, "/dev/null"], { cwd: ROOT, env });
  const seen = new Emulator(columns, 12);
  let pressed = false;
  script.stdout.setEncoding("utf8").on("data", (text: string) => {
    seen.write(text);
    if (interruptAt === undefined || pressed || !seen.written.includes(interruptAt)) return;
    pressed = true;
    script.stdin.write("\x03");
  });
  const code = await new Promise<number>((resolve) => script.once("close", (status) => resolve(status ?? -1)));
  return { code, seen };
}

const withoutTimes = ({ all }: Emulator): string[] => all.map((line) => line.replace(/\d+\.\d s/g, "T"));

(hasScript ? describe : describe.skip)("on a pseudo-terminal (needs `script` of util-linux)", () => {
  it.each([80, 40])("%i columns: what failed stays, under what was to stay", async (columns) => {
    const { code, seen } = await onTerminal(columns, "fails");
    expect(withoutTimes(seen)).toEqual([
      "a line that stays",
      columns === 80 ? "child (T): 1 done, 1 failed, 1 skipped" : "child (T): 1 done, 1 failed, 1 s...",
      "done     first     T",
      expect.stringMatching(
        columns === 80 ? /^failed {3}second {4}T {2}what was told last$/ : /^failed {3}second {4}T {2}what/,
      ),
      "    what was told last",
      "skipped  third",
      "error: broken",
    ]);
    expect(code).toBe(1);
    expect(seen.cursor.column).toBe(0);
    expect(seen.written).toContain("running");
  });

  it("Ctrl-C stops the step, shows the clean-up, and leaves the terminal as it was", async () => {
    const { code, seen } = await onTerminal(80, "waits", "running  second");
    expect(withoutTimes(seen)).toEqual([
      "a line that stays",
      "child (T): 2 done, 1 stopped, 1 skipped",
      "done     first     T",
      "stopped  second    T  what was told last",
      "done     clean up  T",
      "skipped  third",
      "error: interrupted",
    ]);
    expect(code).toBe(130);
    // The cursor was never hidden, and no mode was set: there is nothing to put back.
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(seen.written).not.toMatch(/\x1b\[\?/);
  });
});
