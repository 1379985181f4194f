/** The lab's own Go programs have tests beside their sources; this runs them. */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { findGo } from "../../sandbox/build/go";
import { run } from "./processes";

const TOOLS = resolve(__dirname, "tools");
const go = findGo(process.env);
const suite = go ? describe : describe.skip;

/** Modules with sources of this tree; the others only pin what is built from elsewhere. */
const modules = readdirSync(TOOLS).filter((name) =>
  readdirSync(join(TOOLS, name)).some((file) => !/^go\.(mod|sum)$/.test(file)),
);

suite(`Go programs of the lab${go ? "" : " (skipped: there is no Go on PATH)"}`, () => {
  test.each(modules)(
    "%s passes its own tests",
    async (name) => {
      const folder = join(TOOLS, name);
      expect(existsSync(join(folder, "go.mod"))).toBe(true);
      const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=readonly" };
      const { code, stdout, stderr } = await run("go", ["test", "./..."], { cwd: folder, env });
      expect([code, code === 0 ? "" : stdout + stderr]).toEqual([0, ""]);
    },
    10 * 60_000,
  );
});
