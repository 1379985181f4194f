/** Chart archives and folders on disk. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";

export const sha256 = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");

function tar(args: readonly string[], input: Buffer): string {
  const { status, stdout, stderr, error } = spawnSync("tar", args, { input, encoding: "utf8", maxBuffer: 1 << 26 });
  if (error) throw new ToolError(`cannot run tar: ${error.message}. Install tar.`);
  if (status !== 0) throw new ToolError(`not a chart archive: ${stderr.trim()}`, EXIT.failed);
  return stdout;
}

/**
 * Unpacks an archive into an empty folder.
 *
 * @returns the folder of the chart in it.
 * @throws ToolError for an archive that holds anything but files and folders below one top folder.
 */
export function unpack(archive: Buffer, folder: string): string {
  const listing = tar(["-tvzf", "-"], archive).trim().split("\n");
  const odd = listing.find((line) => !/^[-d]/.test(line));
  if (odd) throw new ToolError(`the archive holds something that is neither file nor folder: ${odd}`, EXIT.failed);
  const names = tar(["-tzf", "-"], archive).trim().split("\n");
  const outside = names.find((name) => name.startsWith("/") || name.split("/").includes(".."));
  if (outside) throw new ToolError(`the archive writes outside its folder: ${outside}`, EXIT.failed);
  const tops = new Set(names.map((name) => name.replace(/^\.\//, "").split("/")[0] ?? ""));
  const [top] = tops;
  if (tops.size !== 1 || !top) throw new ToolError(`the archive has no single top folder`, EXIT.failed);
  tar(["-xzf", "-", "--no-same-owner", "-C", folder], archive);
  return path.join(folder, top);
}

/** Name and version that a chart folder gives itself, the version without a leading `v`; undefined for other folders. */
export function identityOf(folder: string): { chart: string; version: string } | undefined {
  const file = path.join(folder, "Chart.yaml");
  if (!existsSync(file)) return undefined;
  const { name, version } = load(readFileSync(file, "utf8")) as { name?: unknown; version?: unknown };
  if (typeof name !== "string" || typeof version !== "string") return undefined;
  return { chart: name, version: version.replace(/^v/, "") };
}

/** One sum over every file's path and content: differs as soon as anybody edits the folder. */
export function treeSum(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  return sha256(files.map((file) => `${sha256(readFileSync(path.join(folder, file)))}  ${file}\n`).join(""));
}
