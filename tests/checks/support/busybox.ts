/** Busybox as in the image of the probe pods, to run their programs on loopback. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const path = ["/bin/busybox", "/usr/bin/busybox"].find((candidate) => existsSync(candidate));
const isUsable = path !== undefined && spawnSync(path, ["httpd", "--help"]).status === 0;

/** Only inside {@link describeWithBusybox}. */
export const BUSYBOX = path!;

export const describeWithBusybox = isUsable
  ? describe
  : (name: string, tests: () => void) => describe.skip(`${name} (needs busybox with httpd)`, tests);

/** A new folder for a program, with a folder `bin` of busybox and so many of its names: nothing else, as in the image. */
export function busyboxFolder(...names: string[]): { readonly folder: string; readonly bin: string } {
  const folder = mkdtempSync(join(tmpdir(), "probe-test-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const name of ["busybox", ...names]) symlinkSync(BUSYBOX, join(bin, name));
  return { folder, bin };
}

export const connects = (port: number, host = "127.0.0.1"): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, host);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.unref();
  });

/** Resolves when something listens there. */
export async function listening(port: number, host?: string): Promise<void> {
  while (!(await connects(port, host))) await new Promise((wake) => setTimeout(wake, 20));
}
