/** Brings charts into the charts folder: from their repositories, or from local archives and folders. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";
import { identityOf, sha256, treeSum, unpack } from "./archive";
import type { ChartLock } from "./lock-file";
import { folderOf, type PinnedChart } from "./pinned";

/** Where a chart comes from: an archive's bytes, or the path of an unpacked folder. Each has a sum over its bytes. */
export type Origin = { readonly archive: Buffer } | { readonly folder: string };

export interface InstallOptions {
  /** Folder that gets one sub-folder a chart and version. */
  readonly target: string;
  readonly lock: ChartLock;
  /** Record sums that are not in the lock file yet. */
  readonly update: boolean;
}

/** Key of an unpacked folder's sum in the lock file: a folder has other bytes than the archive that it came from. */
export const folderKey = (name: string): string => `${name}/folder`;

const markerOf = (target: string, pinned: PinnedChart) => path.join(target, `.${folderOf(pinned)}.sums`);

/** Whether the chart is there as it was unpacked, from the archive that the lock file names. */
export function isInstalled(pinned: PinnedChart, { target, lock }: InstallOptions): boolean {
  const folder = path.join(target, folderOf(pinned));
  const marker = markerOf(target, pinned);
  if (!existsSync(folder) || !existsSync(marker)) return false;
  const written = readFileSync(marker, "utf8");
  const tree = treeSum(folder);
  return [folderOf(pinned), folderKey(folderOf(pinned))].some((key) => {
    const sum = lock.get(key);
    return sum !== undefined && written === `${sum} ${tree}\n`;
  });
}

/**
 * Checks an archive's sum, unpacks it and puts it in place, replacing what is there.
 *
 * @throws ToolError when the sum or the chart inside is another one; nothing is left behind then.
 */
export function install(pinned: PinnedChart, origin: Origin, options: InstallOptions): void {
  const { target, lock, update } = options;
  const name = folderOf(pinned);
  mkdirSync(target, { recursive: true });
  const temporary = mkdtempSync(path.join(target, `.${name}.`));
  try {
    // An archive is checked before anything in it is looked at; of a folder, the copy is, which nobody else writes to.
    const copied = "archive" in origin ? undefined : copy(origin.folder, temporary);
    const sum = "archive" in origin ? sha256(origin.archive) : treeSum(copied!);
    const key = "archive" in origin ? name : folderKey(name);
    if (!lock.verify(key, sum) && !update) throw notRecorded(key, sum);
    const unpacked = "archive" in origin ? unpack(origin.archive, temporary) : copied!;
    const found = identityOf(unpacked);
    if (found?.chart !== pinned.chart || found.version !== pinned.version) {
      const shown = found ? `${found.chart} ${found.version}` : "no chart";
      const what = "archive" in origin ? "archive" : "folder";
      throw new ToolError(`${name}: the ${what} holds ${shown}; nothing was unpacked`, EXIT.failed);
    }
    // Recorded only now: what turns out not to be the chart must not get into the lock file.
    lock.record(key, sum);
    const folder = path.join(target, name);
    rmSync(markerOf(target, pinned), { force: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unpacked, folder);
    writeFileSync(markerOf(target, pinned), `${sum} ${treeSum(folder)}\n`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function notRecorded(name: string, sum: string): ToolError {
  return new ToolError(
    `${name}: no SHA-256 is recorded for it; nothing was unpacked. Look at it (SHA-256 ${sum}), then run with ` +
      "--update to record it.",
    EXIT.failed,
  );
}

function copy(folder: string, temporary: string): string {
  const unpacked = path.join(temporary, "chart");
  cpSync(folder, unpacked, { recursive: true, dereference: true });
  return unpacked;
}

/**
 * Charts in the given places: an archive, a chart's folder, or a folder that holds either.
 *
 * @returns origins by `<chart>-<version>`.
 */
export function localOrigins(places: readonly string[], temporaryParent: string): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  const add = (place: string) => {
    if (statSync(place).isDirectory()) {
      const identity = identityOf(place);
      if (identity) origins.set(folderOf(identity), { folder: place });
    } else if (/\.(tgz|tar\.gz)$/.test(place)) {
      const archive = readFileSync(place);
      const identity = identityInside(archive, temporaryParent);
      if (identity) origins.set(folderOf(identity), { archive });
    }
  };
  for (const place of places) {
    if (!existsSync(place)) throw new ToolError(`--from: there is no ${place}`);
    add(place);
    if (!statSync(place).isDirectory() || identityOf(place)) continue;
    for (const entry of readdirSync(place).sort()) add(path.join(place, entry));
  }
  return origins;
}

function identityInside(archive: Buffer, temporaryParent: string): ReturnType<typeof identityOf> {
  mkdirSync(temporaryParent, { recursive: true });
  const temporary = mkdtempSync(path.join(temporaryParent, ".look."));
  try {
    return identityOf(unpack(archive, temporary));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
