/** Texts that a dry run of the workflows posted, compared with the committed ones. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_DIR } from "../../../tools/plan/evaluate";

const FOLDER = join(PROJECT_DIR, "tests/golden/delivery/posted");

/** What differs from run to run and says nothing: commits, digests, versions, times. */
export const settled = (text: string): string =>
  text
    .replace(/\b[0-9a-f]{40}\b/g, "(commit)")
    .replace(/\b(?=[a-f]*\d)[0-9a-f]{12}\b/g, "(short)")
    .replace(/<sub>seldon-k3s .*<\/sub>/g, "<sub>seldon-k3s (version)</sub>")
    .replace(/\b20\d\d-\d\d-\d\dT[\d:.]+Z/g, "(time)");

/** Accept with ACCEPT_POSTED=yes in the environment of the test, and read the diff. */
export function expectPosted(file: string, text: string): void {
  const target = join(FOLDER, file);
  if (process.env["ACCEPT_POSTED"] === "yes") {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, settled(text));
  }
  const committed = existsSync(target) ? readFileSync(target, "utf8") : "";
  expect([file, settled(text)]).toEqual([file, committed]);
}
