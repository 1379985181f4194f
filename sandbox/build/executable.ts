import { accessSync, constants } from "node:fs";

/** Whether a path leads to something that can be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== "";
  } catch {
    return false;
  }
}
