/** Processes of this machine, by what they were started with (Linux). */
import { readdirSync, readFileSync } from "node:fs";

/** Ids of the processes, but this one, whose command line or environment names a path. */
export function processesIn(path: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return ["cmdline", "environ"].some((file) => readFileSync(`/proc/${pid}/${file}`, "utf8").includes(path));
      } catch {
        // Gone meanwhile.
        return false;
      }
    })
    .map(Number);
}
