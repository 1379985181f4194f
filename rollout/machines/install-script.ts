/** The script that puts the programs of `hosts/` onto a machine; sent to a shell on its standard input. Pure. */
import { createHash } from "node:crypto";
import { PROGRAM_FOLDER } from "../../components/machines/host-command";
import type { ProgramFile } from "../../components/machines/programs";

/** Name of the file on a machine that says which programs are there: their digest. */
const STAMP = ".programs";

/**
 * @param programs every program and library.
 * @param digest what says that exactly these are there. Where they are, by their content too, nothing is written: somebody
 *   may have changed one by hand.
 * @throws Error for a name that a shell could misread.
 */
export function installScript(programs: readonly ProgramFile[], digest: string): string {
  // Only a line that is nothing but this ends a file, and it holds the digest of all of them.
  const end = `end-of-program-${digest}`;
  // The here-document ends every line, the last one too.
  const written = programs.map(({ name, content }) => ({ name, content: content.replace(/\n?$/, "\n") }));
  const sums = written.map(({ name, content }) => `${createHash("sha256").update(content).digest("hex")}  ${name}`);
  const files = written.map(({ name, content }) => {
    if (!/^[a-z0-9][a-z0-9.-]*$/.test(name))
      throw new Error(`hosts/${name}: a program's name has small letters, digits, . and -`);
    return [`put ${name} <<'${end}'`, content.slice(0, -1), end].join("\n");
  });
  return `set -eu
umask 022
folder=${PROGRAM_FOLDER}
as_written() {
  (cd "$folder" && sha256sum -c -) >/dev/null 2>&1 <<'${end}'
${sums.join("\n")}
${end}
}
if [ "$(cat "$folder/${STAMP}" 2>/dev/null)" = ${digest} ] && as_written; then
  echo there
  exit 0
fi
mkdir -p "$folder"
# Removed first and written last: a half-done installation is never taken for a whole one.
rm -f "$folder/${STAMP}"
put() {
  cat > "$folder/.$1.new"
  chmod 0755 "$folder/.$1.new"
  mv -f "$folder/.$1.new" "$folder/$1"
}
${files.join("\n")}
echo ${digest} > "$folder/${STAMP}"
echo written
`;
}
