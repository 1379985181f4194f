/** The few limits of the whole machine that a lab needs wider: widened by the first lab, put back by the last. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Limits below /proc/sys, and what several labs need. Every kubelet, containerd and API server watches files, each with
 * some ten inotify instances, and the kernel counts those of all containers and namespaces for root together: with the
 * usual 128, the third lab's kubelets end with "too many open files".
 */
const NEEDED: Readonly<Record<string, number>> = {
  "fs/inotify/max_user_instances": 8192,
  "fs/inotify/max_user_watches": 524_288,
};

/** What the limits were before any lab, by name. */
export type MachineLimits = Readonly<Record<string, number>>;

/**
 * Widens what is too narrow.
 *
 * @param others what labs that run already have found before them.
 * @returns what to put back when the last lab ends.
 */
export function widenLimits(others: readonly MachineLimits[]): MachineLimits {
  const before: Record<string, number> = Object.assign({}, ...others) as Record<string, number>;
  for (const [name, needed] of Object.entries(NEEDED)) {
    const now = Number(readFileSync(join("/proc/sys", name), "utf8"));
    if (now >= needed) continue;
    before[name] ??= now;
    writeFileSync(join("/proc/sys", name), String(needed));
  }
  return before;
}

export function restoreLimits(before: MachineLimits): void {
  for (const [name, value] of Object.entries(before)) writeFileSync(join("/proc/sys", name), String(value));
}
