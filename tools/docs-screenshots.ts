/**
 * Pictures of pages in a real browser. A browser is not everywhere, and draws letters as its machine does: what is
 * compared is the page that was photographed, by its SHA-256 beside the pictures.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { examplePage } from "./docs-report-example";
import type { ReviewedStack } from "./docs-policy-review";
import { Browser, findBrowser, type Look } from "./pictures/browser";
import { smallerPng } from "./pictures/png";

const LOOKS: readonly Look[] = (["light", "dark"] as const).flatMap((scheme) => [
  { width: 1200, scheme, height: 1450 },
  { width: 480, scheme, height: 1800 },
]);

/** The file that names the page's SHA-256. */
export const SOURCE_FILE = "docs/pictures/report-example.sha256";

export const pictureFile = ({ width, scheme }: Look): string => `docs/pictures/report-example-${scheme}-${width}.png`;

/** All pictures, relative to the root. */
export const SCREENSHOTS: readonly string[] = LOOKS.map(pictureFile);

const digestOf = (page: string): string => createHash("sha256").update(page).digest("hex");

/** @throws Error when the stack of the example is not among them. */
function pageOf(stacks: readonly ReviewedStack[]): string {
  const found = stacks.find(({ evaluation }) => evaluation.stack === "staging");
  if (found === undefined) throw new Error("the example is of stack staging, which was not evaluated");
  return examplePage(found.config);
}

/** Whether a picture is missing, or is of another page than the program would make now. */
export function isStale(root: string, stacks: readonly ReviewedStack[]): boolean {
  const file = join(root, SOURCE_FILE);
  const known = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  return known !== digestOf(pageOf(stacks)) || SCREENSHOTS.some((picture) => !existsSync(join(root, picture)));
}

/**
 * Takes all pictures anew.
 * @returns Why it did not: there is no browser.
 * @throws ToolError where the browser does not do its part.
 */
export async function takePictures(root: string, stacks: readonly ReviewedStack[]): Promise<string | undefined> {
  const executable = findBrowser();
  if (executable === undefined) return "no Chromium on PATH (Debian: apt-get install chromium)";
  const page = pageOf(stacks);
  const folder = mkdtempSync(join(tmpdir(), "seldon-k3s-page-"));
  const browser = await Browser.start(executable);
  try {
    const file = join(folder, "report.html");
    writeFileSync(file, page);
    for (const look of LOOKS) {
      writeFileSync(join(root, pictureFile(look)), smallerPng(await browser.picture(pathToFileURL(file).href, look)));
    }
    writeFileSync(join(root, SOURCE_FILE), `${digestOf(page)}\n`);
    return undefined;
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
