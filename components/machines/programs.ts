/** The programs in `hosts/`, as they are brought to every machine. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(__dirname, "../../hosts");

/** One program, or the library that they share. */
export interface ProgramFile {
  readonly name: string;
  readonly content: string;
}

/** Every program, by name. @throws Error when the folder cannot be read. */
export function hostPrograms(folder: string = FOLDER): ProgramFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".md"))
    .map(({ name }) => ({ name, content: readFileSync(join(folder, name), "utf8") }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** SHA-256 over names and contents: equal exactly when machines have the same programs. */
export function programsDigest(programs: readonly ProgramFile[]): string {
  const hash = createHash("sha256");
  for (const { name, content } of programs) hash.update(`${name}\0${content}\0`);
  return hash.digest("hex");
}
